import ArgumentParser
import Glibc
import UnstuckLab

/// One fault of the table, or its twin, played by this process on a stage of its own.
struct Play: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play one fault of lab/faults.toml, or its healthy twin, and hold it for others to look at.",
        discussion: """
            Needs no `up`: the stage is a network namespace, a control group and a sockmap of this process alone, and \
            ends with it. Every line on standard input uses the fault's connections again and says what their client \
            experiences; the end of the input ends the scene.

            EXAMPLES
              unstuck-lab play Z3
                  Hold it; run `unstuck diagnose` elsewhere; press Enter to be the next client, Ctrl-D to end.
              unstuck-lab play Z1 --layout merbridge --output json </dev/null
                  The same fault under another accelerator; layouts for IPv4 play that alone.
            """)

    @Argument(help: "A fault's code: \(Scene.all.map(\.code).joined(separator: ", ")).")
    var code: String
    @Flag(help: "The healthy twin instead.")
    var twin = false
    @Option(
        help:
            "Whose accelerator, by the layout of its keys: \(StageAccelerator.all.map(\.name).joined(separator: ", "))."
    )
    var layout = StageAccelerator.cilium.name
    @OptionGroup var format: OutputOptions

    func run() throws {
        let performance = try Performance(
            try Scene.named(code), isTwin: twin, accelerator: try StageAccelerator.named(layout))
        try report(performance.report)
        while readLine() != nil { try report(try performance.next()) }
    }

    private func report(_ report: Performance.Report) throws {
        guard format.output == .text else { return try Output.json(report) }
        try Output.line(
            "\(report.code)\(report.isTwin ? ", the twin" : ""), \(report.layout), in sockmap \(report.map)")
        for act in report.acts { try Output.line("  \(act.tuple)  \(act.entries) entries in the map") }
    }

    private func report(_ next: Performance.Next) throws {
        guard format.output == .text else { return try Output.json(next) }
        try Output.line("next: \(next.next.joined(separator: ", ")); bystanders: \(next.bystanders)")
    }
}
