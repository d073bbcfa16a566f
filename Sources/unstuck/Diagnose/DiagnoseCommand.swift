import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct DiagnoseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diagnose",
        abstract: "What is stuck, where, why, and what to do. Read-only.",
        discussion: """
            Reads every sockmap and the TCP sockets of every network namespace, and says which connections are stuck \
            and which will be. Where an entry only looks dead, or a connection holds unread or unacknowledged bytes, it \
            takes a second sample. Read-only. The last sentence says what was checked.

            EXAMPLES
              unstuck diagnose
                  What is stuck on this node now.
              unstuck collect --file node-a.json; unstuck diagnose --from node-a.json
                  The same verdict elsewhere, without root.

            EXIT STATUS
              0 no fault found · 1 findings (critical or warning; notes alone are none) · 2 inconclusive · 64 usage
            """)

    @Option(help: ArgumentHelp("Judge saved looks instead of this node.", valueName: "file"), completion: .file())
    var from: [String] = []

    @Flag(name: .shortAndLong, help: "List notes, and every connection of a finding.")
    var verbose = false

    @OptionGroup var look: LookOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard from.isEmpty || look.maps.map.isEmpty else {
            throw ValidationError("--map says what to look at: it does not go with --from, whose looks are taken")
        }
    }

    func run() throws {
        let looks: [Snapshot]
        let diagnosis: Diagnosis
        if from.isEmpty {
            let result = try look.session(look.observer(node)).run()
            (looks, diagnosis) = (result.looks, result.diagnosis)
        } else {
            looks = try BundleFile.snapshots(in: from)
            diagnosis = UnstuckDiagnosis.diagnose(looks)
        }
        switch output.output {
        case .text:
            let text = DiagnosisText(style: output.style, isVerbose: verbose)
            try writeOutput(text.render(diagnosis, looks: looks))
        case .json: try writeOutput(JSON.document(diagnosis, command: "diagnose", version: 2))
        }
        if diagnosis.hasFindings { throw Exit.findings }
        if diagnosis.isInconclusive { throw Exit.couldNotTell }
    }
}
