import ArgumentParser
import UnstuckModel
import UnstuckOperations
import UnstuckRepair

struct BypassStatus: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Which accelerators are bypassed, and until when. Read-only.",
        discussion: """
            EXAMPLES
              unstuck bypass status
              unstuck bypass status --output json | jq '.data[].places'

            EXIT STATUS
              0 each is active as set up, or there is none
              1 one has timed out, or another writer changed the programs: `unstuck bypass off` cleans up
              2 inconclusive
              64 usage
            """)

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        var (states, unseen) = Bypass(root: node.nodeRoot(context)).states()
        for text in unseen { context.printError("unstuck: \(text)") }
        for index in states.indices { states[index].countEntries() }
        if output.output == .json || unseen.isEmpty || !states.isEmpty { try show(states, output, context) }
        let places = states.flatMap(\.places)
        if places.contains(where: { $0.condition == .unknown }) { throw Exit.couldNotTell }
        if places.contains(where: { $0.condition != .bypassed || !$0.restarted.isEmpty }) { throw Exit.findings }
        if !unseen.isEmpty { throw Exit.couldNotTell }
    }
}
