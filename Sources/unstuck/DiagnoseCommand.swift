import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRender

struct DiagnoseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diagnose",
        abstract: "What is stuck, where, why, and what to do. Touches nothing.",
        discussion: """
            Looks at every sockmap and at the TCP sockets of every network namespace, and says which connections hang \
            and which will. Where an entry only looks dead it looks a second time.

            EXAMPLES
              unstuck diagnose
                  What is stuck on this node now.
              unstuck collect --file node-a.json; unstuck diagnose --from node-a.json
                  The same verdict elsewhere, without root.

            EXIT STATUS
              0 nothing wrong · 1 findings · 2 could not tell · 64 usage
            """)

    @Option(help: ArgumentHelp("Judge saved looks instead of this node.", valueName: "file"))
    var from: [String] = []

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
            let result = try Looking(observer: look.observer(node), interval: look.interval).run()
            (looks, diagnosis) = (result.looks, result.diagnosis)
        } else {
            looks = try BundleFile.looks(in: from)
            diagnosis = UnstuckDiagnosis.diagnose(looks)
        }
        switch output.output {
        case .text: try writeOutput(DiagnosisText(style: output.style).render(diagnosis, looks: looks))
        case .json: try writeOutput(JSON.document(diagnosis, command: "diagnose"))
        }
        if !diagnosis.findings.isEmpty { throw Exit.findings }
        if !diagnosis.unknown.isEmpty { throw Exit.couldNotTell }
    }
}
