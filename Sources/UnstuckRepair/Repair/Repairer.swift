import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// Applies a plan: everything is re-checked at the moment of change, journaled before and after, and bounded.
public final class Repairer {
    /// Entries that one iterator pass deletes: bounds the descriptors held, and what a kill leaves without a result.
    private static let batch = 256

    private let journal: Journal
    private let options: NodeObserver.Options
    private var root: NodeRoot { options.root }

    /// - Parameter options: how the node is looked at again before a reset and after the deletions.
    public init(journal: Journal, looking options: NodeObserver.Options) {
        self.journal = journal
        self.options = options
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

        public var isComplete: Bool {
            deletions.allSatisfy { $0.outcome == .deleted || $0.outcome == .gone }
                && resets.allSatisfy { $0.failure == nil }
        }
        public var hasRaced: Bool { deletions.contains { $0.outcome == .raced } }
    }

    /// - Throws: if the journal cannot be written, or the kernel refuses our program: nothing (more) is changed then.
    public func apply(_ plan: Plan) throws -> Result {
        try journal.write([
            journal.line("begin", "run", detail: "\(plan.deletions.count) deletions, \(plan.resets.count) resets")
        ])
        var result = Result()
        let before = Set(connectedClaimants(of: plan.deletions).map(\.identity))
        // While the dead entry is there, a stuck connection can be told from any other: resets come first.
        if !plan.resets.isEmpty {
            let stuck = stuckConnections()
            for reset in plan.resets {
                result.resets.append(try apply(reset, isStuck: stuck.contains(reset.ends.map(\.socket))))
            }
        }
        for map in Self.ordered(plan.deletions.map(\.entry.map)) {
            let entries = plan.deletions.filter { $0.entry.map == map }
            for start in stride(from: 0, to: entries.count, by: Self.batch) {
                let batch = Array(entries[start..<min(start + Self.batch, entries.count)])
                if result.hasRaced {
                    result.deletions += batch.map { .init(planned: $0, outcome: .stopped) }
                } else {
                    result.deletions += try delete(batch, from: map)
                }
            }
        }
        try flagNewcomers(&result, before: before)
        try journal.write([
            journal.line(
                "end", "run", outcome: result.isComplete ? "complete" : "incomplete",
                detail: "\(result.deletions.count { $0.outcome == .deleted }) deleted")
        ])
        return result
    }

    // MARK: Looking again

    /// The sockets of every connection that is stuck at this moment: sender, receiver.
    private func stuckConnections() -> [[SocketIdentity]] {
        diagnose([NodeObserver(options).look()]).findings
            .filter { $0.code == .misdirected && $0.subject.stage == .stuck }.map(\.subject.sockets)
    }

    /// Live sockets that claim a tuple whose entry is deleted, and whether the map holds them.
    private func connectedClaimants(of deletions: [Plan.Deletion]) -> [(
        identity: SocketIdentity, claim: FourTuple, isMapped: Bool
    )] {
        guard !deletions.isEmpty, let view = NodeView([NodeObserver(options).look()]) else { return [] }
        return deletions.flatMap { deletion in
            view.connected(deletion.claim).filter { $0.socket.identity != deletion.entry.resident }.map { socket in
                let entry = view.entry(in: deletion.entry.map, claiming: deletion.claim)
                return (
                    socket.socket.identity, deletion.claim, entry?.entry.resident.identity == socket.socket.identity
                )
            }
        }
    }

    /// The kernel side cannot see one thing: that somebody replaced the entry between its check and its delete, so
    /// that the newcomer was deleted. A connection that came during the run, claims a deleted key and is not in the
    /// map may be that newcomer (or one that the dead entry kept out): it is reported, never passed over.
    private func flagNewcomers(_ result: inout Result, before: Set<SocketIdentity>) throws {
        let deleted = result.deletions.filter { $0.outcome == .deleted }.map(\.planned)
        for newcomer in connectedClaimants(of: deleted) where !newcomer.isMapped && !before.contains(newcomer.identity)
        {
            for index in result.deletions.indices where result.deletions[index].planned.claim == newcomer.claim {
                result.deletions[index].outcome = .raced
                try journal.write([journal.line("result", result.deletions[index].planned, outcome: .raced)])
            }
        }
    }

    // MARK: Deleting

    private func delete(_ batch: [Plan.Deletion], from map: UInt32) throws -> [Result.Deletion] {
        try journal.write(batch.map { journal.line("intend", $0) })
        let outcomes = try outcomes(of: batch, in: map)
        let results = zip(batch, outcomes).map { Result.Deletion(planned: $0, outcome: $1) }
        try journal.write(results.map { journal.line("result", $0.planned, outcome: $0.outcome) })
        return results
    }

    private func outcomes(of batch: [Plan.Deletion], in map: UInt32) throws -> [RepairOutcome] {
        guard let open = try BPFTable.openSockmap(id: map) else { return batch.map { _ in .gone } }
        let holds = batch.map { hold($0) }
        let ready = zip(batch, holds).filter { $1.refusal == nil }.map(\.0)
        let reports = try RepairPass(map: open).run(
            ready.map {
                RepairPass.Judged(
                    key: $0.entry.key, resident: $0.entry.resident, allowUnread: $0.allowUnread)
            })
        var byKey: [SockmapKey: RepairOutcome] = [:]
        for report in reports { byKey[report.key] = report.outcome }
        return zip(batch, holds).map { deletion, hold in
            hold.refusal.map(RepairOutcome.notHeld) ?? byKey[deletion.entry.key] ?? .gone
        }
    }

    /// Keeps a zombie's descriptor, or says why it cannot; a leaked socket has none to keep.
    private final class Hold {
        let socket: HeldSocket?
        let refusal: String?
        init(_ socket: consuming HeldSocket?, refusal: String? = nil) {
            self.socket = socket
            self.refusal = refusal
        }
    }

    private func hold(_ deletion: Plan.Deletion) -> Hold {
        guard let holder = deletion.holder else { return Hold(nil) }
        do throws(HeldSocket.Failure) {
            return Hold(try HeldSocket(holder, expecting: deletion.entry.resident, root: root))
        } catch {
            return Hold(nil, refusal: error.reason)
        }
    }

    // MARK: Resetting

    /// Destroys both ends, then deletes the entries that they leave behind: a reset alone makes another zombie.
    private func apply(_ reset: Plan.Reset, isStuck: Bool) throws -> Result.Reset {
        let name = "\(reset.connection)"
        guard isStuck else {
            let words = "left alone: it is no longer stuck, or has ended"
            try journal.write([journal.line("result", "reset", outcome: "changed", detail: "\(name): \(words)")])
            return Result.Reset(planned: reset, failure: words)
        }
        try journal.write([journal.line("intend", "reset", detail: name)])
        var failure: String?
        do {
            for end in reset.ends {
                guard let path = NamespaceFinder(root: root).path(of: end.netns) else {
                    throw SystemError("setns", "network namespace \(end.netns)", errno: ENOENT)
                }
                do {
                    try SocketDestroyer.destroy(end, namespace: path)
                } catch let error as SystemError where error.errno == ENOENT {
                    continue  // the first reset may have ended the other end already
                }
            }
            failure = try deleteEntries(of: reset)
        } catch let error as SystemError {
            failure = "\(error)"
        }
        try journal.write([
            journal.line("result", "reset", outcome: failure == nil ? "reset" : "failed", detail: failure ?? name)
        ])
        return Result.Reset(planned: reset, failure: failure)
    }

    /// The victims' own entries, now dead. Looked at afresh: an application may have closed its end meanwhile, and then
    /// the kernel has removed the entry itself.
    private func deleteEntries(of reset: Plan.Reset) throws -> String? {
        for map in Self.ordered(reset.entries.map(\.map)) {
            guard let open = try BPFTable.openSockmap(id: map) else { continue }
            let entries = reset.entries.filter { $0.map == map }
            let reports = try RepairPass(map: open).run(
                entries.map { RepairPass.Judged(key: $0.key, resident: $0.resident, allowUnread: true) })
            if let left = reports.first(where: {
                $0.outcome != .deleted && $0.outcome != .gone && $0.outcome != .changed
            }) {
                return "reset, but its entry \(left.key) is \(left.outcome.explanation)"
            }
        }
        return nil
    }

    private static func ordered(_ maps: [UInt32]) -> [UInt32] { Array(Set(maps)).sorted() }
}
