import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRender

struct SockmapsGraph: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "The path of what a connection sends: socket, program, maps, key, resident.",
        discussion: """
            For any accelerator, declared or not. Without a target: every socket that sends through a msg program.

            EXAMPLES
              unstuck sockmaps graph 203.0.113.10:8080
                  Both directions of every connection with that end.
              unstuck sockmaps graph 192.0.2.10 --output json
                  The same of one address, for a machine.

            EXIT STATUS
              0 all was read, whatever it shows
              2 something could not be read
              64 usage
            """)

    @Argument(help: ArgumentHelp("Connections with this end.", valueName: "ip[:port]"))
    var target: [String] = []
    @OptionGroup var maps: MapOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    private enum Target {
        case address(IPAddress)
        case endpoint(Endpoint)

        init?(_ text: String) {
            if let address = IPAddress(text) {
                self = .address(address)
            } else if let endpoint = Endpoint(text) {
                self = .endpoint(endpoint)
            } else {
                return nil
            }
        }

        func names(_ end: Endpoint) -> Bool {
            switch self {
            case .address(let address): end.address == address
            case .endpoint(let endpoint): end == endpoint
            }
        }
    }

    func validate() throws {
        for text in target where Target(text) == nil {
            throw ValidationError("no address: \(text); try 203.0.113.10, 203.0.113.10:8080 or [2001:db8::1]:8080")
        }
    }

    func run() throws {
        var options = NodeObserver.Options()
        options.root = node.nodeRoot
        options.maps = Set(try maps.ids(root: node.nodeRoot))
        let look = NodeObserver(options).look()
        guard let view = NodeView([look]) else { throw Exit.couldNotTell }
        let targets = target.compactMap(Target.init)
        let senders = look.sockets.filter { socket in
            let tuple = socket.socket.tuple
            guard tuple.isComplete, socket.socket.state != .listen else { return false }
            return targets.isEmpty
                ? socket.socket.psock?.msgProgram != nil
                : targets.contains { $0.names(tuple.local) || $0.names(tuple.remote) }
        }
        let paths = senders.map { RedirectPath(of: $0, in: view) }
        switch output.output {
        case .json: try writeOutput(JSON.document(paths, command: "sockmaps.graph"))
        case .text:
            let text = RedirectText(style: output.style)
            for path in paths { try writeText(text.render(path)) }
            if paths.isEmpty, look.shortfalls.isEmpty {
                try writeText(
                    targets.isEmpty ? "no connection here sends through a sk_msg program\n" : "no such connection\n")
            }
        }
        for shortfall in look.shortfalls {
            printError("unstuck: could not \(shortfall.action): needs \(shortfall.missing)")
        }
        if !look.shortfalls.isEmpty { throw Exit.couldNotTell }
    }
}
