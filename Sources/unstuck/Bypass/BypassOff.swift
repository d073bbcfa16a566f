import ArgumentParser
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct BypassOff: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "off", abstract: "Restore the programs that were replaced, and show them.",
        discussion: """
            An accelerator that was restarted meanwhile is not changed, and its predecessor is not restored. Stale \
            entries stay in the map: run `unstuck repair` first, if there are any.

            EXAMPLES
              unstuck bypass off
                  All of this node.
              unstuck bypass off --map 35

            EXIT STATUS
              0 everything is restored, or nothing was bypassed
              1 another writer changed the programs meanwhile
              2 could not
              64 usage
            """)

    @OptionGroup var maps: MapOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        let undone = try BypassSwitch(root: node.nodeRoot(context)).turnOff {
            try maps.ids(root: node.nodeRoot(context), of: $0)
        }
        for text in undone.problems + undone.notes { context.printError("unstuck: \(text)") }
        let changed = undone.states.isEmpty ? "none" : undone.states.map { "\($0.map)" }.joined(separator: ", ")
        try context.write(ofChange: "sockmaps whose bypass was reverted: \(changed)") {
            switch output.output {
            // That nothing was bypassed is known only of what could be seen.
            case .text where undone.isComplete || !undone.states.isEmpty:
                try context.writeText(BypassText(style: context.style).renderUndone(undone.states))
            case .text: break
            case .json: try context.write(JSON.document(undone.states, command: "bypass", version: 2))
            }
        }
        try end(undone.conclusion)
    }
}
