import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRender

struct KernelBugs: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "bugs",
        abstract: "Which of sockmap's known mistakes this kernel has, and how that is known. Touches nothing.",
        discussion: """
            Judged by what the kernel has (symbols, members of its types, the handlers of a mapped socket of our own) and by \
            what such a socket answers, never by a version: vendors mend and break kernels without changing it. Where \
            nothing tells, the answer is inconclusive, and the releases that mended it upstream are named.

            EXAMPLES
              unstuck kernel bugs
                  Every mistake with what it does, worst known first.
              unstuck kernel bugs --status affected --output json
                  Only those that this kernel has.

            EXIT STATUS
              0 it has none of those that can be told
              1 it has some
              2 one that leaves a trace could not be told
              64 usage
            """)

    @Option(help: "Only bugs of this status; several times for several.")
    var status: [BugStatus] = []

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        let evidence = FactsReader(root: node.nodeRoot(context)).readEvidence()
        let all = evaluateKernel(evidence)
        let shown = all.filter { status.isEmpty || status.contains($0.status) }
        switch output.output {
        case .text: try context.writeText(KernelBugsText(style: context.style).render(shown))
        case .json: try context.write(JSON.document(shown, command: "kernel.bugs"))
        }
        if all.contains(where: { $0.status == .affected }) { throw Exit.findings }
        // Most of the others leave no trace in any kernel: their being inconclusive says nothing of this one.
        let telling = Set(KernelBug.history.filter { !$0.fingerprint.isEmpty }.map(\.id))
        if all.contains(where: { $0.status == .inconclusive && telling.contains($0.id) }) { throw Exit.couldNotTell }
    }
}

extension BugStatus: ExpressibleByArgument {}
