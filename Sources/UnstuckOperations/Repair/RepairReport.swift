import UnstuckModel
import UnstuckRepair

/// The plan and what came of it, for machines (docs/json.md) and people.
public struct RepairReport: Encodable {
    public struct Caps: Sendable, Encodable {
        public var limit: Int
        public var perMinute: Int
    }
    public struct Step: Sendable, Encodable {
        public var map: UInt32
        public var key: SockmapKey
        public var claim: FourTuple
        public var outcome: String
        public var detail: String
    }
    public struct Reset: Sendable, Encodable {
        public var connection: FourTuple
        public var failure: String?
    }
    /// What was found while it was watched whether the maps stay clean.
    public struct Watch: Sendable, Encodable {
        /// So long it was watched.
        public var seconds: Int
        public var findings: Int
    }

    public var plan: Plan
    public var caps: Caps
    /// What is unknown, or not be worked on.
    public var unknown: [String]
    /// Findings that no deletion fixes: a live socket is in the way.
    public var unrepairable = 0
    public var applied = false
    /// What earlier runs had left when they were killed.
    public var resumed: [ResumedStep] = []
    public var deletions: [Step] = []
    public var resets: [Reset] = []
    /// A signal that ended the run early.
    public var interrupted: String?
    public var watch: Watch?
    /// Entries that were seen dead in the last sample alone: most are of sockets that are just closing. Not part of the
    /// document, whose plan has them as undecided.
    private let suspects: Set<EntryReference>

    private enum CodingKeys: String, CodingKey {
        case plan, caps, unknown, unrepairable, applied, resumed, deletions, resets, interrupted, watch
    }

    /// - Parameter suspects: of two samples; none where there is one, for all of them are left to another run then.
    init(plan: Plan, caps: Caps, unknown: [String], suspects: Set<EntryReference> = []) {
        self.plan = plan
        self.suspects = suspects
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

    /// Of a plan that is not carried out.
    public var conclusion: Conclusion {
        if !plan.refusals.isEmpty || (plan.isEmpty && !unknown.isEmpty) { return .inconclusive }
        if !isClean || interrupted != nil { return .findings }
        return plan.isEmpty && plan.undecided.isEmpty && unrepairable == 0 ? .nothingWrong : .findings
    }

    /// Stale entries that were skipped. What was not selected was not asked for.
    public var skipped: Int { plan.undecided.count { !suspects.contains($0.entry) } }

    /// Something that is stale, or wrong, is not for this run: skipped, beyond its limit, or a live socket's.
    private var leavesSomething: Bool { skipped > 0 || plan.beyondLimit > 0 || unrepairable > 0 }

    /// Nothing was found while it was watched, if it was.
    private var isClean: Bool { watch.map { $0.findings == 0 } ?? true }

    /// There is something to carry out, and nothing forbids it.
    public var isApplicable: Bool { plan.refusals.isEmpty && !plan.isEmpty }

    /// Of a plan that was carried out, and watched if that was asked for.
    public func conclusion(of result: Repairer.Result) -> Conclusion {
        if result.failure != nil || !result.problems.isEmpty { return .inconclusive }
        let isWhole = !result.hasRaced && result.isComplete && isClean && interrupted == nil && !leavesSomething
        return isWhole ? .nothingWrong : .findings
    }
}

extension Repairer.Result {
    /// Maps that could not be worked on.
    public var problemLines: [String] {
        problems.sorted { $0.key < $1.key }.map { "sockmap \($0.key) could not be repaired: \($0.value)" }
    }
}
