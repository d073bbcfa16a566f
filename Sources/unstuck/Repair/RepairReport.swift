import UnstuckModel
import UnstuckRender
import UnstuckRepair

/// The plan and what came of it, for machines (docs/json.md) and people.
struct RepairReport: Encodable {
    struct Caps: Encodable {
        var limit: Int
        var perMinute: Int
    }
    struct Step: Encodable {
        var map: UInt32
        var key: SockmapKey
        var claim: FourTuple
        var outcome: String
        var detail: String
    }
    struct Reset: Encodable {
        var connection: FourTuple
        var failure: String?
    }
    struct Watch: Encodable {
        var seconds: Int
        var findings: Int
    }

    var plan: Plan
    var caps: Caps
    /// What could not be told, or not be worked on.
    var unknown: [String]
    /// Findings that no deletion mends: a live socket is in the way.
    var unmendable = 0
    var applied = false
    /// What earlier runs had left when they were killed.
    var resumed: [ResumedStep] = []
    var deletions: [Step] = []
    var resets: [Reset] = []
    /// A signal that ended the run early.
    var interrupted: String?
    var watch: Watch?

    init(plan: Plan, caps: Caps, unknown: [String]) {
        self.plan = plan
        self.caps = caps
        self.unknown = unknown
    }

    mutating func add(_ result: Repairer.Result) {
        applied = true
        deletions = result.deletions.map {
            Step(
                map: $0.planned.entry.map, key: $0.planned.entry.key, claim: $0.planned.claim,
                outcome: $0.outcome.word, detail: $0.outcome.explanation)
        }
        resets = result.resets.map { Reset(connection: $0.planned.connection, failure: $0.failure) }
        interrupted = result.interruption
        unknown += result.problemLines
    }

    /// What was done.
    func text(_ style: Style) -> String {
        var lines: [String] = []
        let deleted = deletions.count { $0.outcome == "deleted" }
        lines.append(
            (deleted == deletions.count ? style.green("✓") : style.yellow("!"))
                + " deleted \(deleted) of \(deletions.count) dead entr\(deletions.count == 1 ? "y" : "ies")")
        for reset in resets {
            lines.append(
                reset.failure.map { style.red("✗ reset of \(reset.connection): \(safeText($0))") }
                    ?? style.green("✓ reset \(reset.connection) and deleted its own entries"))
        }
        let left = deletions.filter { $0.outcome != "deleted" }
        for step in left.prefix(20) { lines.append(style.yellow("! \(step.claim): \(safeText(step.detail))")) }
        if left.count > 20 { lines.append(style.yellow("! … and \(left.count - 20) more")) }
        if let interrupted { lines.append(style.yellow("! told to end by \(interrupted): the next run goes on")) }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Repairer.Result {
    /// Maps that could not be worked on.
    var problemLines: [String] {
        problems.sorted { $0.key < $1.key }.map { "sockmap \($0.key) could not be repaired: \($0.value)" }
    }
}
