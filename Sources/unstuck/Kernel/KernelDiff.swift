import ArgumentParser
import UnstuckFormats
import UnstuckKernel
import UnstuckModel
import UnstuckRender

struct KernelDiff: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "How the BPF of two kernels differs, and what of it matters to sockmaps. Touches nothing.",
        discussion: """
            Takes files of `unstuck kernel features` and headers as Cilium (/var/run/cilium/state/globals/bpf_features.h) and \
            `bpftool feature probe macros` write them, in any mix. What only one of the two mentions is no difference: \
            the other was not asked for it.

            EXAMPLES
              unstuck kernel diff old-node/bpf_features.h new-node/bpf_features.h
                  Every difference; those that matter to sockmaps first, marked !, with the reason.
              unstuck kernel diff node-a.json /var/run/cilium/state/globals/bpf_features.h --output json
                  Our own list against Cilium's, for a machine.

            EXIT STATUS
              0 what both tell is equal
              1 differences, whether they matter or not
              2 a file cannot be read or told nothing that the other tells, or all that differs is inconclusive
              64 usage
            """)

    @Argument(help: ArgumentHelp("A list of one kernel's features.", valueName: "file"))
    var left: String

    @Argument(help: ArgumentHelp("And of another's.", valueName: "file"))
    var right: String

    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        let comparison = FeatureComparison(try read(left, context), try read(right, context))
        switch output.output {
        case .json: try context.write(JSON.document(comparison, command: "kernel.diff"))
        case .text: try context.writeText(FeatureText(style: context.style).render(comparison, names: (left, right)))
        }
        if !comparison.differences.isEmpty { throw Exit.findings }
        if comparison.compared == 0 || !comparison.inconclusive.isEmpty { throw Exit.couldNotTell }
    }

    /// Lines that are worth a person's time.
    private static let longestList = 20

    private func read(_ path: String, _ context: CommandContext) throws -> FeatureSet {
        do {
            let file = try FeatureFile(try readFile(path))
            for problem in file.problems.prefix(Self.longestList) {
                context.printError("unstuck: \(safeText(path)) line \(problem.line): \(problem.reason)")
            }
            let rest = file.problemCount - Self.longestList
            if rest > 0 { context.printError("unstuck: \(safeText(path)): \(rest) more lines were not understood") }
            return file.features
        } catch let error as SystemError {
            context.printError("unstuck: cannot read \(safeText(path)): \(error.reason)")
        } catch {
            context.printError("unstuck: \(safeText(path)) is \(error)")
        }
        throw Exit.couldNotTell
    }
}
