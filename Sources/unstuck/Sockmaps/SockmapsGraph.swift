import ArgumentParser
import UnstuckKernel
import UnstuckOperations
import UnstuckRender

struct SockmapsGraph: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "The path of what a connection sends: socket, program, maps, key, receiver.",
        discussion: """
            For any accelerator, declared or not. Without a target: every socket that sends through an sk_msg program.

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

    func validate() throws {
        for text in target where SockmapPaths.Target(text) == nil {
            throw ValidationError("no address: \(text); try 203.0.113.10, 203.0.113.10:8080 or [2001:db8::1]:8080")
        }
    }

    func run(_ context: CommandContext) throws {
        var options = NodeObserver.Options()
        options.root = node.nodeRoot(context)
        options.maps = Set(try maps.ids(root: node.nodeRoot(context)))
        let found = try SockmapPaths(target.compactMap(SockmapPaths.Target.init), options)
        switch output.output {
        case .json: try context.write(JSON.document(found.paths, command: "sockmaps.graph", version: 2))
        case .text:
            let text = RedirectText(style: context.style)
            for path in found.paths { try context.writeText(text.render(path)) }
            if found.paths.isEmpty, found.missing.isEmpty {
                try context.writeText(
                    target.isEmpty
                        ? "no connection here sends through an sk_msg program\(options.maps.isEmpty ? "" : " of that map")\n"
                        : "no such connection that can still send\(options.maps.isEmpty ? "" : " through that map")\n")
            }
        }
        for gap in found.missing {
            context.printError("unstuck: \(gap)")
        }
        if !found.missing.isEmpty { throw Exit.couldNotTell }
    }
}
