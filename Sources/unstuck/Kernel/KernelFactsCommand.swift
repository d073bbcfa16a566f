import ArgumentParser
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct KernelFactsCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "facts",
        abstract: "What this kernel is, and which of Unstuck's methods it allows. Read-only.",
        discussion: """
            What can only be tried is tried: programs are loaded, and a private loopback connection and sockmap are made for \
            a moment. Nothing is attached to anything of the node. What cannot be tried because a capability is missing is \
            inconclusive, never unsupported.

            EXAMPLES
              unstuck kernel facts
                  Everything, with the reason where something is missing.
              unstuck kernel facts --output json
                  The same for a machine, with the symbols, members and options by which bugs are evaluated.
              unstuck kernel facts --from node-a.json.gz
                  Of the node that a bundle was collected on.

            EXIT STATUS
              0 everything is known
              2 something is inconclusive
              64 usage
            """)

    @Option(
        help: ArgumentHelp("Of a bundle of `unstuck collect` instead of this kernel; - is stdin.", valueName: "file"),
        completion: .file())
    var from: String?

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        let facts = try from.map(BundleFile.kernelFacts) ?? FactsReader(root: node.nodeRoot(context)).read()
        switch output.output {
        case .text: try context.writeText(KernelFactsText(style: context.style).render(facts))
        case .json: try context.write(JSON.document(facts, command: "kernel.facts"))
        }
        if facts.features.contains(where: { $0.support.answer == .inconclusive }) { throw Exit.couldNotTell }
    }
}
