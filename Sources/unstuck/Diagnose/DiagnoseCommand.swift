import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct DiagnoseCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "diagnose",
        abstract: "What is stuck, where, why, and what to do. Read-only.",
        discussion: """
            Reads every sockmap and the TCP sockets of every network namespace, and says which connections are stuck \
            and which are at risk. Where an entry looks stale, or a connection holds unread or unacknowledged bytes, it \
            takes a second sample. Read-only. The last sentence says what was checked.

            EXAMPLES
              unstuck diagnose
                  What is stuck on this node now.
              unstuck collect --file node-a.json.gz; unstuck diagnose --from node-a.json.gz
                  The same verdict elsewhere, without root; `--from -` reads stdin.
              unstuck diagnose --from node-a.json.gz --from node-b.json.gz
                  A table of both nodes, then each by itself.

            EXIT STATUS
              0 no fault found
              1 findings (critical or warning; notes alone are none)
              2 inconclusive
              64 usage
            """)

    @Option(
        help: ArgumentHelp("Evaluate saved snapshots instead of this node; - is stdin.", valueName: "file"),
        completion: .file())
    var from: [String] = []

    @Flag(
        name: .shortAndLong, help: "List notes, every connection of a finding, all causes ruled out and all remedies.")
    var verbose = false

    @OptionGroup var look: SamplingOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard from.count(where: { $0 == BundleFile.standardInput }) <= 1 else {
            throw ValidationError("stdin can be read once: --from - stands there several times")
        }
        guard from.isEmpty || look.maps.map.isEmpty else {
            throw ValidationError(
                "--map selects what to read: it does not go with --from, whose snapshots are taken already")
        }
    }

    func run(_ context: CommandContext) throws {
        guard from.isEmpty else { return try diagnoseSaved(context) }
        let result = try look.session(look.observer(node, context), context).run()
        try print(result.diagnosis, result.looks, context)
        try end([result.diagnosis])
    }

    /// A verdict a node and boot: samples of two are never compared.
    private func diagnoseSaved(_ context: CommandContext) throws {
        let nodes = try BundleFile.nodes(in: from).map { saved in
            var samples = saved
            samples.snapshots = samples.snapshots.map { $0.reading(keysAs: look.layout) }
            return NodeDiagnosis(of: samples, UnstuckDiagnosis.diagnose(samples.snapshots))
        }
        if nodes.count == 1 {
            try print(nodes[0].diagnosis, nodes[0].snapshots, context)
        } else {
            switch output.output {
            case .text: try context.writeText(NodesText(style: context.style, isVerbose: verbose).render(nodes))
            case .json: try context.write(JSON.document(["nodes": nodes], command: "diagnose.nodes"))
            }
        }
        try end(nodes.map(\.diagnosis))
    }

    private func print(_ diagnosis: Diagnosis, _ looks: [Snapshot], _ context: CommandContext) throws {
        switch output.output {
        case .text:
            let text = DiagnosisText(style: context.style, isVerbose: verbose)
            try context.writeText(text.render(diagnosis, looks: looks))
        case .json: try context.write(JSON.document(diagnosis, command: "diagnose", version: 4))
        }
    }

    private func end(_ diagnoses: [Diagnosis]) throws {
        if diagnoses.contains(where: \.hasFindings) { throw Exit.findings }
        if diagnoses.contains(where: \.isInconclusive) { throw Exit.couldNotTell }
    }
}
