import ArgumentParser
import UnstuckModel
import UnstuckRender

struct SockmapsEncode: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Encode the key under which a layout stores a socket, in bpftool's syntax. Read-only.",
        discussion: """
            LOCAL and REMOTE are the socket's own address and port and its peer's, as `sockmaps decode` and \
            `sockmaps entries` show them, whichever side the layout puts first. `unstuck repair` deletes entries \
            with all checks; bpftool deletes whatever is there now.

            EXAMPLES
              unstuck sockmaps encode 10.10.134.48:8080 10.10.101.249:46730 --layout cilium --map 122
                  The line that looks the entry up.
              bpftool map delete id 122 key hex $(unstuck sockmaps encode '[2001:db8::1]:80' '[2001:db8::2]:40000' \
            --layout cilium)
                  Bytes alone, without --map.

            EXIT STATUS
              0
              64 usage, or the layout cannot name such a socket
            """)

    @Argument(help: "The socket's own end, 192.0.2.1:80 or [2001:db8::1]:80.", transform: endpoint)
    var local: Endpoint

    @Argument(help: "Its peer's end.", transform: endpoint)
    var remote: Endpoint

    @Option(
        help: ArgumentHelp("How keys are laid out: \(layoutNames).", valueName: "name"),
        completion: .layouts, transform: declaredLayout)
    var layout: KeyLayout

    @Option(help: ArgumentHelp("The map's id: prints bpftool's whole line.", valueName: "id"), completion: .maps)
    var map: UInt32?

    @Flag(help: "Print the line that deletes the entry; goes with --map.")
    var delete = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !delete || map != nil || output.output == .json else { throw ValidationError("--delete goes with --map") }
        if layout.encodings(of: FourTuple(local: local, remote: remote)).isEmpty { throw ValidationError(reason) }
    }

    private struct Encoded: Encodable {
        var layout: String
        var claim: FourTuple
        var keySize: Int
        var key: SockmapKey
        /// As `bpftool -j` writes a key.
        var bytes: [String]
        var lookup: String
        var delete: String
        /// Other keys that the same accelerator may file that socket under.
        var alternatives: [SockmapKey]
    }

    func run(_ context: CommandContext) throws {
        let tuple = FourTuple(local: local, remote: remote)
        let keys = layout.encodings(of: tuple)
        guard let key = keys.first, let claim = layout.decode(key) else { throw ValidationError(reason) }
        let hex = Self.hex(key)
        let id = map.map { "\($0)" } ?? "N"
        let lookup = "bpftool map lookup id \(id) key hex \(hex)"
        let deletion = "bpftool map delete id \(id) key hex \(hex)"
        switch output.output {
        case .text:
            try context.writeText((delete ? deletion : map == nil ? hex : lookup) + "\n")
            for other in keys.dropFirst() {
                context.printError("unstuck: it may also be stored under key \(Self.hex(other))")
            }
        case .json:
            try context.writeText(
                try JSON.document(
                    Encoded(
                        layout: layout.name, claim: claim, keySize: layout.size, key: SockmapKey(key),
                        bytes: key.map { "0x" + Self.hex([$0]) }, lookup: lookup, delete: deletion,
                        alternatives: keys.dropFirst().map { SockmapKey($0) }), command: "sockmaps.encode"))
        }
    }

    private var reason: String {
        if layout.naming == .socket { return "\(layout.name) names sockets by their cookie, not by addresses" }
        if layout.claims(naming: FourTuple(local: local, remote: remote)).isEmpty {
            return "\(layout.name) has no room for IPv6"
        }
        return local.address.isV4 != remote.address.isV4
            ? "one address is IPv4 and the other IPv6"
            : "\(layout.name) has bytes in its keys that do not follow from addresses and ports"
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { SockmapKey([$0]).description }.joined(separator: " ")
    }

    private static func endpoint(_ text: String) throws -> Endpoint {
        guard let endpoint = Endpoint(text), endpoint.port != 0 else {
            throw ValidationError(
                "\"\(safeText(text))\" is not an address with a port, 192.0.2.1:80 or [2001:db8::1]:80")
        }
        return endpoint
    }
}
