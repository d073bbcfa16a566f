import UnstuckLab

/// A scenario of the fault table, run by a process of its own that does what it is asked on its standard input.
final class ScenarioRunner {
    /// Longer than all that one waits for, one after the other.
    private static let limit: Duration = .seconds(180)

    let report: ScenarioRun.Report
    private let runner: LabRunner

    convenience init(_ code: String, isControl: Bool, layout: String = "cilium") throws {
        try self.init(Self.start(code, isControl: isControl, layout: layout))
    }

    /// Waits until one that was started has made its fault.
    init(_ started: LabRunner) throws {
        runner = started
        report = try runner.answer(within: Self.limit)
    }

    /// Starts one and does not wait for it: most of a scenario's time is waiting for timers.
    static func start(_ code: String, isControl: Bool, layout: String = "cilium") throws -> LabRunner {
        try LabRunner(code, ["run", code, "--layout", layout] + (isControl ? ["--control"] : []))
    }

    /// What the next users of the scenario's tuples experience.
    func ask() throws { try runner.tell("next\n") }

    /// The same, and what new connections of the kind experience.
    func askAnew() throws { try runner.tell("anew\n") }

    func answer() throws -> ScenarioRun.Next { try runner.answer(within: Self.limit) }

    func end() { runner.end() }
}
