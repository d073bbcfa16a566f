import ArgumentParser
import Glibc
import UnstuckLab

/// One fault of the table, or its control case, run by this process on a fixture of its own.
struct RunFault: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run one fault of lab/faults.toml, or its control case, and hold it for others to look at.",
        discussion: """
            Needs no `up`: the fixture is a network namespace, a control group and a sockmap of this process alone, and \
            ends with it. Every line on standard input uses the fault's connections again and says what their client \
            experiences; the end of the input ends the scenario.

            EXAMPLES
              unstuck-lab run Z3
                  Hold it; run `unstuck diagnose` elsewhere; press Enter to be the next client, Ctrl-D to end.
              unstuck-lab run Z1 --layout merbridge --output json </dev/null
                  The same fault under another accelerator; layouts for IPv4 run that alone.
            """)

    @Argument(help: "A fault's code: \(Scenario.all.map(\.code).joined(separator: ", ")).")
    var code: String
    @Flag(help: "The control case instead.")
    var control = false
    @Option(
        help:
            "Whose accelerator, by the layout of its keys: \(FixtureAccelerator.all.map(\.name).joined(separator: ", "))."
    )
    var layout = FixtureAccelerator.cilium.name
    @OptionGroup var format: OutputOptions

    func run() throws {
        let performance = try ScenarioRun(
            try Scenario.named(code), isControl: control, accelerator: try FixtureAccelerator.named(layout))
        try report(performance.report)
        while readLine() != nil { try report(try performance.next()) }
    }

    private func report(_ report: ScenarioRun.Report) throws {
        guard format.output == .text else { return try Output.json(report) }
        try Output.line(
            "\(report.code)\(report.isControl ? ", the control case" : ""), \(report.layout), in sockmap \(report.map)")
        for act in report.acts { try Output.line("  \(act.tuple)  \(act.entries) entries in the map") }
    }

    private func report(_ next: ScenarioRun.Next) throws {
        guard format.output == .text else { return try Output.json(next) }
        try Output.line("next: \(next.next.joined(separator: ", ")); background: \(next.background)")
    }
}
