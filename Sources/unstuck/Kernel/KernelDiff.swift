import ArgumentParser
import UnstuckFormats
import UnstuckKernel
import UnstuckModel
import UnstuckRender

struct KernelDiff: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "How the BPF of two kernels differs, and what of it matters to sockmaps. Read-only.",
        discussion: """
            Takes files of `unstuck kernel features`, the output of `bpftool feature probe` as text, JSON (-j, -p) or macros, \
            and Cilium's headers (/var/run/cilium/state/globals/bpf_features.h, or .../bpf/features.h since 1.13), in any mix. \
            Every name that differs is listed. Since 1.13 Cilium writes only what the kernel has: between two such headers, \
            and in bpftool's lists of helpers, a missing name is a difference ("not listed"). A name that one prober did not \
            ask for is listed apart.

            Answers that cannot be true are not compared: a program type with no helper at all, or with helpers that only \
            another one may call, is a failed probe and not another kernel.

            EXAMPLES
              unstuck kernel diff old-node/bpf_features.h new-node/bpf_features.h
                  Every difference; those that matter to sockmaps first, marked !, with the reason.
              bpftool feature probe > old.txt; ssh new-node bpftool -j feature probe > new.json
              unstuck kernel diff old.txt new.json
                  Any two formats.
              unstuck kernel diff node-a.json /var/run/cilium/state/globals/bpf_features.h --output json
                  The list of `unstuck kernel features --save` against Cilium's, for a machine.

            EXIT STATUS
              0 what both lists answer is equal
              1 differences, whether they matter or not
              2 a file cannot be read, cannot be true or has nothing in common with the other; or no difference was found \
            but some answers are inconclusive or were not believed
              64 usage
            """)

    @Argument(help: ArgumentHelp("A list of one kernel's features.", valueName: "file"), completion: .file())
    var left: String

    @Argument(help: ArgumentHelp("And of another's.", valueName: "file"), completion: .file())
    var right: String

    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        let comparison = FeatureComparison(try read(left, context), try read(right, context))
        switch output.output {
        case .json: try context.write(JSON.document(comparison, command: "kernel.diff", version: 2))
        case .text: try context.writeText(FeatureText(style: context.style).render(comparison, names: (left, right)))
        }
        if !comparison.differences.isEmpty { throw Exit.findings }
        let isRefused = !comparison.refusedLeft.isEmpty || !comparison.refusedRight.isEmpty
        if comparison.compared == 0 || !comparison.inconclusive.isEmpty || isRefused { throw Exit.couldNotTell }
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
