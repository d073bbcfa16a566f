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
              unstuck collect --file node-a.json; unstuck diagnose --from node-a.json
                  The same verdict elsewhere, without root.

            EXIT STATUS
              0 no fault found
              1 findings (critical or warning; notes alone are none)
              2 inconclusive
              64 usage
            """)

    @Option(
        help: ArgumentHelp("Evaluate saved snapshots instead of this node.", valueName: "file"), completion: .file())
    var from: [String] = []

    @Flag(
        name: .shortAndLong, help: "List notes, every connection of a finding, all causes ruled out and all remedies.")
    var verbose = false

    @OptionGroup var look: LookOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard from.isEmpty || look.maps.map.isEmpty else {
            throw ValidationError(
                "--map selects what to read: it does not go with --from, whose snapshots are taken already")
        }
    }

    func run(_ context: CommandContext) throws {
        let looks: [Snapshot]
        let diagnosis: Diagnosis
        if from.isEmpty {
            let result = try look.session(look.observer(node, context), context).run()
            (looks, diagnosis) = (result.looks, result.diagnosis)
        } else {
            looks = try BundleFile.snapshots(in: from).map { $0.reading(keysAs: look.layout) }
            diagnosis = UnstuckDiagnosis.diagnose(looks)
        }
        switch output.output {
        case .text:
            let text = DiagnosisText(style: context.style, isVerbose: verbose)
            try context.writeText(text.render(diagnosis, looks: looks))
        case .json: try context.write(JSON.document(diagnosis, command: "diagnose", version: 4))
        }
        if diagnosis.hasFindings { throw Exit.findings }
        if diagnosis.isInconclusive { throw Exit.couldNotTell }
    }
}
