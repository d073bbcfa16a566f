import ArgumentParser
import UnstuckDiagnosis
import UnstuckModel

/// Which dead entries a repair is about. Given more than once, an option means any of its values; different options must
/// all fit.
struct SelectionOptions: ParsableArguments {
    enum State: String, ExpressibleByArgument, CaseIterable { case leaked, zombie }

    @Option(help: ArgumentHelp("Only entries of this pod, by namespace/name or uid.", valueName: "pod"))
    var pod: [String] = []

    @Option(help: "Only entries in this state.")
    var state: [State] = []

    @Option(help: ArgumentHelp("Only the entry with this key, in hex.", valueName: "hex"))
    var key: [String] = []

    @Option(help: ArgumentHelp("Only keys that name this address, at either end.", valueName: "ip"))
    var address: [String] = []

    @Option(help: ArgumentHelp("Only keys that name this port, at either end.", valueName: "port"))
    var port: [UInt16] = []

    func validate() throws {
        for text in key where SockmapKey(hex: text)?.count ?? 0 == 0 {
            throw ValidationError("--key is hex, at most \(SockmapKey.longest) bytes: \(safeText(text))")
        }
        for text in address where IPAddress(text) == nil {
            throw ValidationError("--address is an IPv4 or IPv6 address: \(safeText(text))")
        }
    }

    var selection: Selection {
        var selection = Selection()
        selection.pods = Set(pod)
        selection.states = Set(state.map { $0 == .leaked ? .leaked : .zombie })
        selection.keys = Set(key.compactMap { SockmapKey(hex: $0) })
        selection.addresses = Set(address.compactMap(IPAddress.init))
        selection.ports = Set(port)
        return selection
    }
}
