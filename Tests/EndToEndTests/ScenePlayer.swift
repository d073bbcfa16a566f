import UnstuckLab

/// A scene of the fault table, played by a process of its own that does what it is asked on its standard input.
final class ScenePlayer {
    /// Longer than all that one waits for, one after the other.
    private static let limit: Duration = .seconds(180)

    let report: Performance.Report
    private let player: LabPlayer

    init(_ code: String, isTwin: Bool, layout: String = "cilium") throws {
        player = try LabPlayer(code, ["play", code, "--layout", layout] + (isTwin ? ["--twin"] : []))
        report = try player.answer(within: Self.limit)
    }

    /// What the next users of the scene's tuples experience.
    func ask() throws { try player.tell("next\n") }

    func answer() throws -> Performance.Next { try player.answer(within: Self.limit) }

    func end() { player.end() }
}
