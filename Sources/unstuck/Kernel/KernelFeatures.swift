import ArgumentParser
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct KernelFeatures: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "What this kernel's BPF has: program, map and attach types, and helpers. Read-only.",
        discussion: """
            Program types, map types and helpers are asked for by libbpf's own probes, so as far as the libbpf inside this \
            program knows them. It has none for attach types: those that loading a program shows are loaded, those of sockmaps are \
            attached to a private one, three of cgroups are asked of the root cgroup, the others are left out. So are helpers \
            whose very loading makes the kernel write a warning. Takes some seconds.

            EXAMPLES
              unstuck kernel features --save node-a.json
                  Into a file, for `unstuck kernel diff`.
              unstuck kernel features
                  An overview.

            EXIT STATUS
              0 asked
              2 nothing could be asked
              64 usage
            """)

    @Option(help: ArgumentHelp("Write the list here, as JSON.", valueName: "file"), completion: .file())
    var save: String?

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        let prober = FeatureProber(root: node.nodeRoot(context)) { done, all in
            if done % 8 == 0 { context.printProgress("helpers of \(done) of \(all) program types …") }
        }
        let features: FeatureSet
        do {
            features = try prober.probe()
        } catch {
            context.printError("unstuck: cannot ask the kernel: \(errorMessage(error))")
            throw Exit.couldNotTell
        }
        let document = try JSON.document(features, command: "kernel.features")
        if let save {
            try OutputFile.write(document, to: save)
            context.printError("saved \(features.answers.count) answers to \(save)")
        }
        switch output.output {
        case .json: if save == nil { try context.write(document) }
        case .text: try context.writeText(FeatureText(style: context.style).render(features))
        }
    }
}
