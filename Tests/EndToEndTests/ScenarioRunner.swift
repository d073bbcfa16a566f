import UnstuckLab

/// A scenario of the fault table, run by a process of its own that does what it is asked on its standard input.
final class ScenarioRunner {
    /// Longer than all that one waits for, one after the other.
    private static let limit: Duration = .seconds(180)

    let report: ScenarioRun.Report
    private let runner: LabRunner

    init(_ code: String, isControl: Bool, layout: String = "cilium") throws {
        runner = try LabRunner(code, ["run", code, "--layout", layout] + (isControl ? ["--control"] : []))
        report = try runner.answer(within: Self.limit)
    }

    /// What the next users of the scenario's tuples experience.
    func ask() throws { try runner.tell("next\n") }

    func answer() throws -> ScenarioRun.Next { try runner.answer(within: Self.limit) }

    func end() { runner.end() }
}
