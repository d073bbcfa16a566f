import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct GuardDown: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "End guards: pinned ones, those of processes, and what a killed one left.",
        discussion: """
            EXAMPLES
              unstuck guard down
                  All of this node.
              unstuck guard down --map 35
                  One.

            EXIT STATUS
              0 ended, or there was none
              2 could not
              64 usage
            """)

    @OptionGroup var maps: MapOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        let registry = GuardRegistry()
        registry.prepare()
        var end = GuardEnd(registry)
        end.run(try maps.ids(root: node.nodeRoot(context), of: end.known))
        for problem in end.problems { context.printError("unstuck: \(problem)") }
        let changed = end.ended.isEmpty ? "none" : end.ended.map { "\($0.map)" }.joined(separator: ", ")
        try context.write(ofChange: "sockmaps whose guard was ended: \(changed)") {
            switch output.output {
            case .text where end.isComplete || !end.ended.isEmpty:
                try context.writeText(GuardText(style: context.style).renderEnded(end.ended))
            case .text: break
            case .json: try context.write(JSON.document(end.ended, command: "guard", version: 2))
            }
        }
        if !end.isComplete { throw Exit.couldNotTell }
    }
}
