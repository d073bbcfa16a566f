import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// Resets: both ends are destroyed, then the entries that they leave behind are deleted, for a reset alone makes another
/// zombie.
extension Repairer {
    func reset(_ plan: Plan, _ result: inout Result) throws {
        var stuck: [[SocketIdentity]]?
        for reset in plan.resets {
            let turn = turn(1, of: plan, &result)
            guard turn.count > 0 else { return }
            if turn.hasWaited { stuck = nil }
            let now = stuck ?? stuckConnections()
            stuck = now
            result.resets.append(try apply(reset, isStuck: now.contains(reset.ends.map(\.socket))))
        }
    }

    /// The sockets of every connection that is stuck at this moment: sender, receiver.
    private func stuckConnections() -> [[SocketIdentity]] {
        diagnose([observer.look()]).findings
            .filter { $0.code == .misdirected && $0.subject.stage == .stuck }.map(\.subject.sockets)
    }

    private func apply(_ reset: Plan.Reset, isStuck: Bool) throws -> Result.Reset {
        let failure = isStuck ? destroyAndDelete(reset) : "skipped: it is no longer stuck, or has ended"
        let outcome = !isStuck ? "changed" : failure == nil ? "reset" : "failed"
        try journal.write([journal.line(.result, reset, outcome: outcome, detail: failure)])
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
            try journal.write(entries.map { journal.line(.intend, $0) })
            let reports = try pass.run(
                entries.map { RepairPass.Checked(key: $0.key, socket: $0.socket, allowUnread: true) })
            try journal.write(zip(entries, reports).map { journal.line(.result, $0, outcome: $1.outcome) })
            for (entry, report) in zip(entries, reports) {
                guard ![.deleted, .gone, .changed].contains(report.outcome) else { continue }
                failures.append("its entry \(entry.key): \(report.outcome.explanation)")
            }
        }
        return failures
    }
}
