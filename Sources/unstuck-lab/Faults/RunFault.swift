import ArgumentParser
import Glibc
import UnstuckLab

/// One fault of the table, or one cause beside the sockmaps, or a control case of it, run by this process on a fixture of its
/// own.
struct RunFault: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run one fault or cause, or a control case of it, and hold it for other programs to observe.",
        discussion: """
            Needs no `up`: the fixture is a network namespace, a cgroup and a sockmap of this process alone, and \
            ends with it. Every line on standard input uses the fault's connections again and says what their client \
            experiences; `anew` has a new connection of the same kind made beside them, where the fault has one; the end of \
            the input ends the scenario.

            A cause (app.stopped, path.loss) is made for IPv4 and IPv6 at once, with processes and network namespaces of \
            its own, and checked in the kernel before it is reported; it lasts until the end of the input. --case picks a \
            variant or a control case: \(Self.caseList).

            EXAMPLES
              unstuck-lab run Z3
                  Hold it; run `unstuck diagnose` elsewhere; press Enter to be the next client, Ctrl-D to end.
              unstuck-lab run app.not-reading --case bulk
                  A server that does not read 50 MB; `unstuck diagnose` elsewhere; Ctrl-D to end.
              unstuck-lab run Z1 --layout merbridge --output json </dev/null
                  The same fault under another accelerator; layouts for IPv4 run that alone.
            """)

    @Argument(
        help:
            "The code of a fault, \(Scenario.all.map(\.code).joined(separator: ", ")), or of a cause, \(Cause.all.map(\.code).joined(separator: ", "))."
    )
    var code: String
    @Flag(help: "The control case instead; of a cause the first one.")
    var control = false
    @Option(name: .customLong("case"), help: "Of a cause: which variant or control case.")
    var caseName: String?
    @Option(
        help:
            "Whose accelerator, by the layout of its keys: \(FixtureAccelerator.all.map(\.name).joined(separator: ", "))."
    )
    var layout = FixtureAccelerator.cilium.name
    @OptionGroup var format: OutputOptions

    private static var caseList: String {
        Cause.all.map { cause in
            let names = cause.cases.map { $0.isControl ? "\($0.name) (control)" : $0.name }
            return "\(cause.code): \(names.joined(separator: ", "))"
        }.joined(separator: "; ")
    }

    func run() throws {
        if let cause = Cause.named(code) { return try run(cause) }
        if caseName != nil { throw ValidationError("--case is for causes; \(code) is none") }
        let performance = try ScenarioRun(
            try Scenario.named(code), isControl: control, accelerator: try FixtureAccelerator.named(layout))
        try report(performance.report)
        while let line = readLine() { try report(try line == "anew" ? performance.anew() : performance.next()) }
    }

    private func run(_ cause: Cause) throws {
        let made = try CauseRun(cause, try cause.chooseCase(named: caseName, isControl: control))
        try report(made.report)
        while readLine() != nil {}
        made.end()
    }

    private func report(_ report: CauseRun.Report) throws {
        guard format.output == .text else { return try Output.json(report) }
        let map = report.map.map { ", in sockmap \($0)" } ?? ""
        try Output.line(
            "\(report.code), \(report.control == nil ? "case" : "control case") \(report.caseName)\(map); "
                + "place: \(report.place.rawValue)")
        for one in report.connections {
            let server = one.serverPid.map { "pid \($0)" } ?? "gone"
            let netns = one.serverNetns.map { ", netns \($0)" } ?? ""
            try Output.line(
                "  \(one.client) -> \(one.server)  client pid \(one.clientPid), netns \(one.clientNetns); "
                    + "server \(server)\(netns)")
        }
    }

    private func report(_ report: ScenarioRun.Report) throws {
        guard format.output == .text else { return try Output.json(report) }
        try Output.line(
            "\(report.code)\(report.isControl ? ", the control case" : ""), \(report.layout), in sockmap \(report.map)")
        for act in report.acts { try Output.line("  \(act.tuple)  \(act.entries) entries in the map") }
    }

    private func report(_ next: ScenarioRun.Next) throws {
        guard format.output == .text else { return try Output.json(next) }
        let anew = next.anew.map { "; anew: \($0.map(\.word).joined(separator: ", "))" } ?? ""
        try Output.line("next: \(next.next.joined(separator: ", "))\(anew); background: \(next.background)")
    }
}
