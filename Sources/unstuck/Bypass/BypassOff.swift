import ArgumentParser
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct BypassOff: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "off", abstract: "Put back exactly what was there, and show it.",
        discussion: """
            Where an accelerator was started anew meanwhile it is left as it is, and its predecessor does not come back. \
            Dead entries that were in the map before are there still: `unstuck repair` first, if there are any.

            EXAMPLES
              unstuck bypass off
                  All of this node.
              unstuck bypass off --map 35

            EXIT STATUS
              0 everything is as it was, or nothing was bypassed
              1 somebody else changed the programs meanwhile
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
        try context.write(ofChange: "sockmaps whose bypass was undone: \(changed)") {
            switch output.output {
            // That nothing was bypassed is known only of what could be seen.
            case .text where undone.isComplete || !undone.states.isEmpty:
                try context.writeText(BypassText(style: context.style).renderUndone(undone.states))
            case .text: break
            case .json: try context.write(JSON.document(undone.states, command: "bypass"))
            }
        }
        try end(undone.conclusion)
    }
}
