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

            With --kubelet-log, or lines of that log as arguments, it reads failed probes: klog's two forms, kubelet's JSON, \
            journalctl (short, JSON), container runtimes' logs, kubectl describe and events. Each is classified by its words: \
            a candidate for a stuck connection (no answer in time), weak, or not. The candidates' addresses are looked \
            up on this node. kubelet's own connection is gone after its timeout: --probe makes new ones.

            EXAMPLES
              unstuck diagnose
                  What is stuck on this node now.
              unstuck collect --file node-a.json.gz; unstuck diagnose --from node-a.json.gz
                  The same verdict elsewhere, without root; `--from -` reads stdin.
              unstuck diagnose --from node-a.json.gz --from node-b.json.gz
                  A table of both nodes, then each by itself.
              journalctl -u kubelet -o json | unstuck diagnose --kubelet-log - --probe
                  Which failed probes may be of stuck connections, and which of them hang now.
              unstuck diagnose 'Readiness probe failed: Get "http://203.0.113.10:8080/": context deadline exceeded'
                  One line of it, or of kubectl describe.

            EXIT STATUS
              0 no fault found; of a log: no candidate, or none is stuck or at risk now
              1 findings (critical or warning; notes alone are none); of a log: about a candidate
              2 inconclusive, or the log cannot be read
              64 usage
            """)

    @Argument(
        help: ArgumentHelp("Lines of kubelet's log about failed probes, in single quotes.", valueName: "line"))
    var lines: [String] = []

    @Option(
        help: ArgumentHelp("Evaluate saved snapshots instead of this node; - is stdin.", valueName: "file"),
        completion: .file())
    var from: [String] = []

    @Option(
        help: ArgumentHelp(
            "Read a kubelet's log, or events, and look up its candidates for stuck connections; - is stdin.",
            valueName: "file"),
        completion: .file())
    var kubeletLog: String?

    @Flag(
        help: ArgumentHelp(
            "Probe the candidates of the log anew: up to \(CandidateTrials.requests) requests each, the first that hangs is the last. Ordinary traffic."
        ))
    var probe = false

    @Option(
        help: ArgumentHelp(
            "Time after which such a probe counts as hanging: the probe's timeoutSeconds.", valueName: "time"))
    var probeTimeout: DurationArgument = 1

    @Flag(
        name: .shortAndLong, help: "List notes, every connection of a finding, all causes ruled out and all remedies.")
    var verbose = false

    @OptionGroup var look: SamplingOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        let hasLog = kubeletLog != nil || !lines.isEmpty
        guard kubeletLog == nil || lines.isEmpty else {
            throw ValidationError("lines of a log do not go with --kubelet-log")
        }
        guard !probe || hasLog else { throw ValidationError("--probe goes with --kubelet-log, or lines of that log") }
        guard probeTimeout.seconds >= 0.1, probeTimeout.seconds <= 60 else {
            throw ValidationError("--probe-timeout is 100ms to 1m")
        }
        guard !probe || from.isEmpty else {
            throw ValidationError("--probe acts on this node now: it does not go with --from")
        }
        guard kubeletLog != BundleFile.standardInput || !from.contains(BundleFile.standardInput) else {
            throw ValidationError("stdin can be read once: --kubelet-log - and --from - stand there both")
        }
        guard from.count(where: { $0 == BundleFile.standardInput }) <= 1 else {
            throw ValidationError("stdin can be read once: --from - stands there several times")
        }
        guard from.isEmpty || look.maps.map.isEmpty else {
            throw ValidationError(
                "--map selects what to read: it does not go with --from, whose snapshots are taken already")
        }
    }

    func run(_ context: CommandContext) throws {
        if kubeletLog != nil || !lines.isEmpty { return try diagnoseKubeletLog(context) }
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
