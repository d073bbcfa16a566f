import ArgumentParser
import UnstuckOperations
import UnstuckRender

struct SockmapsList: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Every map with its users and its entries by state and pod (the default).",
        discussion: """
            EXAMPLES
              unstuck sockmaps list --map 35
                  One map: size, key layout and its evidence, pins, programs and where they run, entries.
              unstuck sockmaps list --output json
                  All of them, for a machine.

            States are of one sample: a socket that is just closing counts as dead for a moment. `unstuck diagnose` samples twice.

            EXIT STATUS
              0 all was read, whatever it shows
              2 something could not be read
              64 usage
            """)

    @OptionGroup var maps: MapOptions
    @OptionGroup var walk: WalkOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        let root = node.nodeRoot(context)
        let listing = try SockmapListing(
            maps.ids(root: root), root: root, avoidsIterators: walk.withoutIterator, walk.reading(context))
        switch output.output {
        case .json: try context.write(JSON.document(listing.summaries, command: "sockmaps.list"))
        case .text:
            try context.writeText(SockmapText(style: context.style).render(listing.summaries))
            if listing.summaries.isEmpty, listing.isComplete {
                try context.writeText("no SOCKMAP or SOCKHASH on this machine\n")
            }
        }
        if !listing.isComplete { throw Exit.couldNotTell }
    }
}
