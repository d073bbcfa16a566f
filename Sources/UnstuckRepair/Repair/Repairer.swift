import CUnstuckABI
import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// Applies a plan: everything is re-checked at the moment of change, journaled before and after, and bounded.
public final class Repairer {
    /// Entries that one iterator pass deletes: all of their reports must fit the iterator's buffer at once.
    private static let batch = UNSTUCK_JUDGED_MAX

    private let journal: Journal
    private let observer: NodeObserver
    /// By map, for this run.
    private var passes: [UInt32: RepairPass] = [:]
    private var root: NodeRoot { observer.options.root }

    /// - Parameter observer: looks at the node again before a reset and after the deletions.
    public init(journal: Journal, looking observer: NodeObserver) {
        self.journal = journal
        self.observer = observer
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
        /// What ended the run early; what was done before stands above.
        public var failure: (any Error)?

        public var isComplete: Bool {
            failure == nil && deletions.allSatisfy { $0.outcome == .deleted || $0.outcome == .gone }
                && resets.allSatisfy { $0.failure == nil }
        }
        public var hasRaced: Bool { deletions.contains { $0.outcome == .raced } }
    }

    /// Carries the plan out as far as it goes. What fails ends the run; what was done is in the result all the same.
    public func apply(_ plan: Plan) -> Result {
        var result = Result()
        passes = [:]
        do {
            try journal.write([
                journal.line("begin", "run", detail: "\(plan.deletions.count) deletions, \(plan.resets.count) resets")
            ])
            // Of walked maps: no resident is known, so another hand deletes them.
            let unseen = plan.deletions.filter { $0.state == .unseen }
            let dead = plan.deletions.filter { $0.state != .unseen }
            let before = newcomers(to: dead)
            // While the dead entry is there, a stuck connection can be told from any other: resets come first.
            let stuck = plan.resets.isEmpty ? [] : stuckConnections()
            for reset in plan.resets {
                result.resets.append(try apply(reset, isStuck: stuck.contains(reset.ends.map(\.socket))))
            }
            try delete(dead, &result)
            try flagNewcomers(&result, before: before)
            if result.hasRaced {
                result.deletions += unseen.map { .init(planned: $0, outcome: .stopped) }
            } else {
                try WalkedDeletion(journal: journal, observer: observer).run(unseen, &result)
            }
        } catch {
            result.failure = error
            let left = plan.deletions.dropFirst(result.deletions.count)
            result.deletions += left.map { .init(planned: $0, outcome: .stopped) }
        }
        let deleted = result.deletions.count { $0.outcome == .deleted }
        let end = journal.line(
            "end", "run", outcome: result.isComplete ? "complete" : "incomplete",
            detail: "\(deleted) deleted\(result.failure.map { "; \($0)" } ?? "")")
        do { try journal.write([end]) } catch { result.failure = result.failure ?? error }
        return result
    }

    // MARK: Deleting

    private func delete(_ deletions: [Plan.Deletion], _ result: inout Result) throws {
        // In the plan's order, a batch of one map at a time.
        var rest = deletions[...]
        while let first = rest.first {
            let batch = Array(rest.prefix(Self.batch).prefix { $0.entry.map == first.entry.map })
            rest = rest.dropFirst(batch.count)
            if result.hasRaced {
                result.deletions += batch.map { .init(planned: $0, outcome: .stopped) }
            } else {
                result.deletions += try delete(batch, from: first.entry.map)
            }
        }
    }

    private func delete(_ batch: [Plan.Deletion], from map: UInt32) throws -> [Result.Deletion] {
        try journal.write(batch.map { journal.line("intend", $0) })
        let outcomes = try outcomes(of: batch, in: map)
        let results = zip(batch, outcomes).map { Result.Deletion(planned: $0, outcome: $1) }
        try journal.write(results.map { journal.line("result", $0.planned, outcome: $0.outcome) })
        return results
    }

    private func outcomes(of batch: [Plan.Deletion], in map: UInt32) throws -> [RepairOutcome] {
        guard let pass = try pass(over: map) else { return batch.map { _ in .gone } }
        let holds = batch.map { hold($0) }
        let ready = zip(batch, holds).filter { $1.refusal == nil }.map(\.0)
        let reports = try pass.run(
            ready.map {
                RepairPass.Judged(key: $0.entry.key, resident: $0.entry.resident, allowUnread: $0.allowUnread)
            })
        var byKey: [SockmapKey: RepairOutcome] = [:]
        for report in reports { byKey[report.key] = report.outcome }
        return zip(batch, holds).map { deletion, hold in
            hold.refusal.map(RepairOutcome.notHeld) ?? byKey[deletion.entry.key] ?? .gone
        }
    }

    /// - Returns: `nil` where the map has gone.
    private func pass(over map: UInt32) throws -> RepairPass? {
        if let pass = passes[map] { return pass }
        guard let open = try BPFTable.openSockmap(id: map) else { return nil }
        let pass = RepairPass(map: open)
        passes[map] = pass
        return pass
    }

    /// Keeps a zombie's descriptor, or says why it cannot; other dead sockets have none to keep.
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

    // MARK: Looking again

    /// The sockets of every connection that is stuck at this moment: sender, receiver.
    private func stuckConnections() -> [[SocketIdentity]] {
        diagnose([observer.look()]).findings
            .filter { $0.code == .misdirected && $0.subject.stage == .stuck }.map(\.subject.sockets)
    }

    /// Live sockets that claim a tuple whose entry is to be deleted, and are not in the map.
    private func newcomers(to deletions: [Plan.Deletion]) -> [SocketIdentity: FourTuple] {
        guard !deletions.isEmpty, let view = NodeView([observer.look()]) else { return [:] }
        var result: [SocketIdentity: FourTuple] = [:]
        for deletion in deletions {
            for socket in view.connected(deletion.claim).map(\.socket.identity)
            where socket != deletion.entry.resident {
                let entries = view.entries(in: deletion.entry.map, claiming: deletion.claim)
                guard !entries.contains(where: { $0.entry.resident.identity == socket }) else { continue }
                result[socket] = deletion.claim
            }
        }
        return result
    }

    /// The kernel side cannot see one thing: that somebody replaced the entry between its check and its delete, so
    /// that the newcomer was deleted. A socket that claims a deleted key, is not in the map, and was not already
    /// outside it before the run may be that newcomer (or one that the dead entry kept out): it is reported, never
    /// passed over.
    private func flagNewcomers(_ result: inout Result, before: [SocketIdentity: FourTuple]) throws {
        let deleted = result.deletions.filter { $0.outcome == .deleted }.map(\.planned)
        for (socket, claim) in newcomers(to: deleted) where before[socket] == nil {
            for index in result.deletions.indices
            where result.deletions[index].planned.claim == claim && result.deletions[index].outcome == .deleted {
                result.deletions[index].outcome = .raced
                try journal.write([journal.line("result", result.deletions[index].planned, outcome: .raced)])
            }
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
        let failure = destroyAndDelete(reset)
        try journal.write([
            journal.line("result", "reset", outcome: failure == nil ? "reset" : "failed", detail: failure ?? name)
        ])
        return Result.Reset(planned: reset, failure: failure)
    }

    /// - Returns: what went wrong, or `nil`.
    private func destroyAndDelete(_ reset: Plan.Reset) -> String? {
        // Both ends must be within reach before either is touched.
        let finder = NamespaceFinder(root: root)
        let paths = reset.ends.map { finder.path(of: $0.netns) }
        guard !paths.contains(nil) else { return "the network namespace of one end is out of reach" }
        let targets: [SocketDestroyer.Target]
        do {
            targets = try zip(reset.ends, paths.compactMap { $0 }).map { try SocketDestroyer.name($0, namespace: $1) }
        } catch {
            return "one end cannot be named: \(error)"
        }
        var failures: [String] = []
        for target in targets {
            do {
                try SocketDestroyer.destroy(target)
            } catch let error as SystemError where error.errno == ENOENT {
                continue  // the first reset may have ended the other end already: looked at below
            } catch {
                failures.append("\(error)")
            }
        }
        do {
            try failures += deleteEntries(of: reset)
        } catch {
            failures.append("its own entries: \(error)")
        }
        let living = Set(observer.look().sockets.map(\.socket.identity))
        failures += reset.ends.filter { living.contains($0.socket) }.map { "\($0.tuple) is still there" }
        return failures.isEmpty ? nil : failures.joined(separator: "; ")
    }

    /// The victims' own entries, now dead. An application may have closed its end meanwhile, and then the kernel has
    /// removed the entry itself.
    private func deleteEntries(of reset: Plan.Reset) throws -> [String] {
        var failures: [String] = []
        for map in Set(reset.entries.map(\.map)).sorted() {
            guard let pass = try pass(over: map) else { continue }
            let entries = reset.entries.filter { $0.map == map }
            let reports = try pass.run(
                entries.map { RepairPass.Judged(key: $0.key, resident: $0.resident, allowUnread: true) })
            for (entry, report) in zip(entries, reports) {
                try journal.write([journal.line("result", entry, outcome: report.outcome)])
                guard ![.deleted, .gone, .changed].contains(report.outcome) else { continue }
                failures.append("its entry \(entry.key): \(report.outcome.explanation)")
            }
        }
        return failures
    }
}
