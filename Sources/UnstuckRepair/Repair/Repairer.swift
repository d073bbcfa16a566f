import CUnstuckABI
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// Applies a plan: everything is re-checked at the moment of change, journaled before and after, and bounded.
///
/// What the kernel refuses is recorded and passed over. Three things end a run: a race, a journal that cannot be written,
/// and anyone who waits (``Pause``).
public final class Repairer {
    /// Entries that one iterator pass deletes: all of their reports must fit the iterator's buffer at once.
    private static let batch = UNSTUCK_CHECKED_MAX

    /// Waits so many seconds, 0 just to be asked.
    ///
    /// - Returns: what interrupted the run ("SIGTERM"), or `nil`.
    public typealias Pause = (Wait) -> String?
    public struct Wait: Sendable {
        public var seconds: Double
        /// Steps of the plan that have been taken, and all of them.
        public var done: Int
        public var total: Int
    }

    let journal: Journal
    let observer: NodeObserver
    private var pace: RateLimiter
    private let pause: Pause
    /// By map, for this run.
    private var passes: [UInt32: RepairPass] = [:]
    var root: NodeRoot { observer.options.root }

    /// - Parameters:
    ///   - observer: looks at the node again before a reset and after the deletions.
    ///   - pace: how many steps a minute may have.
    public init(
        journal: Journal, looking observer: NodeObserver, pace: RateLimiter = RateLimiter(perMinute: 0),
        pause: @escaping Pause = { SignalWaiter.sleep($0.seconds) }
    ) {
        self.journal = journal
        self.observer = observer
        self.pace = pace
        self.pause = pause
    }

    /// What became of each step of the plan, in its order.
    public struct Result: Sendable {
        public struct Deletion: Sendable {
            public var planned: Plan.Deletion
            public var outcome: RepairOutcome
        }
        public struct Reset: Sendable {
            public var planned: Plan.Reset
            /// `nil`: both ends were reset and their entries are gone.
            public var failure: String?
        }
        public var deletions: [Deletion] = []
        public var resets: [Reset] = []
        /// What interrupted the run: a signal's name.
        public var interruption: String?
        /// Maps that could not be worked on, and what is missing; the others were.
        public var problems: [UInt32: MissingEvidence.Reason] = [:]
        /// What ended the run early; what was done before stands above.
        public var failure: (any Error)?

        public var isComplete: Bool {
            failure == nil && deletions.allSatisfy { $0.outcome == .deleted || $0.outcome == .gone }
                && resets.allSatisfy { $0.failure == nil }
        }
        public var hasRaced: Bool { deletions.contains { $0.outcome == .raced } }
    }

    /// Carries the plan out as far as it goes. What was done is in the result, however the run ended.
    ///
    /// - Parameter resumed: what became of the steps of killed runs: written down first.
    public func apply(_ plan: Plan, resumed: [ResumedStep] = []) -> Result {
        var result = Result()
        passes = [:]
        do {
            // The whole plan at once: whatever kills us, the next run can account for every step.
            try journal.write(
                [journal.begin(plan)] + resumed.compactMap(journal.line)
                    + plan.resets.map { journal.line(.intend, $0) }
                    + plan.deletions.map { journal.line(.intend, $0) })
            // While the stale entry is there, a stuck connection can be distinguished from any other: resets come first.
            try reset(plan, &result)
            try delete(plan, &result)
        } catch {
            result.failure = error
        }
        do { try leave(plan, &result) } catch { result.failure = result.failure ?? error }
        return result
    }

    /// Tells of what was not tried, and ends the journal's run.
    private func leave(_ plan: Plan, _ result: inout Result) throws {
        let reason =
            result.failure != nil
            ? "an earlier step failed"
            : result.interruption.map { "interrupted (\($0))" } ?? RepairOutcome.afterRace
        let deletions = plan.deletions.dropFirst(result.deletions.count)
        let resets = plan.resets.dropFirst(result.resets.count)
        result.deletions += deletions.map { .init(planned: $0, outcome: .stopped(reason)) }
        result.resets += resets.map { .init(planned: $0, failure: RepairOutcome.stopped(reason).explanation) }
        let deleted = result.deletions.count { $0.outcome == .deleted }
        try journal.write(
            resets.map { journal.line(.result, $0, outcome: "stopped", detail: reason) }
                + deletions.map { journal.line(.result, $0, outcome: .stopped(reason)) } + [
                    journal.end(
                        result.isComplete ? "complete" : "incomplete",
                        detail: "\(deleted) deleted"
                            + (result.failure.map { "; \($0)" } ?? result.interruption.map { "; \($0)" } ?? ""))
                ])
    }

    /// How many of the plan's next steps may be taken now, after a wait if need be.
    ///
    /// - Returns: 0 if the run was interrupted.
    func turn(_ wanted: Int, of plan: Plan, _ result: inout Result) -> (count: Int, hasWaited: Bool) {
        var wait = Wait(
            seconds: 0, done: result.deletions.count + result.resets.count,
            total: plan.deletions.count + plan.resets.count)
        var hasWaited = false
        while true {
            result.interruption = pause(wait)
            guard result.interruption == nil else { return (0, hasWaited) }
            let now = SystemClock.monotonic.seconds
            let count = pace.permit(wanted, at: now)
            if count > 0 { return (count, hasWaited) }
            wait.seconds = pace.wait(at: now)
            hasWaited = true
        }
    }

    // MARK: Deleting

    /// In the plan's order, as many at a time as the minute allows.
    private func delete(_ plan: Plan, _ result: inout Result) throws {
        // A claimant that we have reset ourselves has not lost interest in its key.
        let ended = Set(plan.resets.flatMap { $0.ends.map(\.socket) })
        var rest = plan.deletions[...]
        while !rest.isEmpty, !result.hasRaced, result.interruption == nil {
            let (count, hasWaited) = turn(rest.count, of: plan, &result)
            guard count > 0 else { return }
            // Of walked maps no socket is known: another hand deletes those, and they come last.
            let isUnseen = rest.first?.state == .unseen
            var slice = Array(rest.prefix(count).prefix { ($0.state == .unseen) == isUnseen })
            rest = rest.dropFirst(slice.count)
            guard !isUnseen else {
                try WalkedDeletion(journal: journal, observer: observer) {
                    self.pause(Wait(seconds: 0, done: 0, total: 0))
                }.run(slice, &result)
                continue
            }
            let view = look()
            if hasWaited { slice = slice.map { lapsed($0, view, except: ended) } }
            try delete(slice, before: view.map { ReusedKeys(to: slice, $0) }, &result)
        }
    }

    private func delete(
        _ slice: [Plan.Deletion], before: ReusedKeys?, _ result: inout Result
    ) throws {
        let start = result.deletions.count
        var rest = slice[...]
        // A batch of one map at a time. Told to end between two of them, we still look at what was done.
        while let first = rest.first, !result.hasRaced, result.interruption == nil {
            let batch = Array(rest.prefix(Self.batch).prefix { $0.entry.map == first.entry.map })
            rest = rest.dropFirst(batch.count)
            let results = zip(batch, outcomes(of: batch, in: first.entry.map, &result)).map {
                Result.Deletion(planned: $0, outcome: $1)
            }
            result.deletions += results
            try journal.write(results.map { journal.line(.result, $0.planned, outcome: $0.outcome) })
            if !rest.isEmpty { result.interruption = pause(Wait(seconds: 0, done: 0, total: 0)) }
        }
        try result.flagReusedKeys(from: start, before: before, journal, look: look)
    }

    /// What the kernel refuses as a whole (a map that cannot be opened, a program that cannot be loaded) is the outcome of
    /// each entry.
    private func outcomes(of batch: [Plan.Deletion], in map: UInt32, _ result: inout Result) -> [RepairOutcome] {
        do {
            return try outcomes(of: batch, in: map)
        } catch {
            let reason = MissingPrivilege.reason(behind: error)
            result.problems[map] = reason
            let code = (error as? any KernelError)?.errno ?? 0
            return batch.map { _ in .failed(errno: code, reason) }
        }
    }

    private func outcomes(of batch: [Plan.Deletion], in map: UInt32) throws -> [RepairOutcome] {
        guard let pass = try pass(over: map) else { return batch.map { _ in .gone } }
        let holds = batch.map { hold($0) }
        let ready = zip(batch, holds).filter { $1.refusal == nil }.map(\.0)
        let reports = try pass.run(
            ready.map {
                RepairPass.Checked(key: $0.entry.key, socket: $0.entry.socket, allowUnread: $0.allowUnread)
            })
        var byKey: [SockmapKey: RepairOutcome] = [:]
        for report in reports { byKey[report.key] = report.outcome }
        return zip(batch, holds).map { deletion, hold in
            hold.refusal.map(RepairOutcome.notHeld) ?? byKey[deletion.entry.key] ?? .gone
        }
    }

    /// - Returns: `nil` where the map has gone.
    func pass(over map: UInt32) throws -> RepairPass? {
        if let pass = passes[map] { return pass }
        guard let open = try BPFTable.openSockmap(id: map) else { return nil }
        let pass = RepairPass(map: open)
        passes[map] = pass
        return pass
    }

    /// Keeps a zombie's descriptor, or says why it cannot; other dead sockets have none to keep.
    private final class Hold {
        let socket: DuplicatedSocket?
        let refusal: String?
        init(_ socket: consuming DuplicatedSocket?, refusal: String? = nil) {
            self.socket = socket
            self.refusal = refusal
        }
    }

    private func hold(_ deletion: Plan.Deletion) -> Hold {
        guard let holder = deletion.holder else { return Hold(nil) }
        do throws(DuplicatedSocket.Failure) {
            return Hold(try DuplicatedSocket(holder, expecting: deletion.entry.socket, root: root))
        } catch {
            return Hold(nil, refusal: error.reason)
        }
    }

    // MARK: DiagnosisSession again

    private func look() -> NodeView? { NodeView([observer.look()]) }

    /// A zombie's unread bytes were given up for a live connection. If that has gone while we waited, they protect again.
    private func lapsed(_ deletion: Plan.Deletion, _ view: NodeView?, except ended: Set<SocketIdentity>)
        -> Plan.Deletion
    {
        var deletion = deletion
        if let claimant = deletion.claimant, deletion.state == .zombie, !ended.contains(claimant),
            view?.socket(claimant) == nil
        {
            deletion.allowUnread = false
        }
        return deletion
    }
}

extension Repairer.Result {
    /// What no check sees, the looks before and after tell: see ``ReusedKeys``.
    ///
    /// - Parameter start: of the deletions that lie between the two.
    mutating func flagReusedKeys(
        from start: Int, before: ReusedKeys?, _ journal: Journal, look: () -> NodeView?
    ) throws {
        let deleted = deletions.indices.dropFirst(start).filter { deletions[$0].outcome == .deleted }
        guard !deleted.isEmpty, let before, let view = look() else { return }
        for number in before.hit(by: deleted.map { deletions[$0].planned }, view) {
            deletions[deleted[number]].outcome = .raced
            try journal.write([journal.line(.result, deletions[deleted[number]].planned, outcome: .raced)])
        }
    }
}
