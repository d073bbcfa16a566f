import CLibBPF
import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// Deletes entries of walked maps by their keys, from user space. Their sockets are out of sight, so what is checked is
/// that there is nobody: two looks saw no socket, a third one before each batch does not either, and just before each delete
/// every namespace is asked for both ends by name.
struct WalkedDeletion {
    let journal: Journal
    let observer: NodeObserver
    /// Asked between two batches: what interrupted the run, or `nil`.
    let interruption: () -> String?

    /// Entries whose outcome is written down at once.
    private static let batch = 128

    func run(_ deletions: [Plan.Deletion], _ result: inout Repairer.Result) throws {
        var rest = deletions[...]
        while !rest.isEmpty, !result.hasRaced {
            let batch = rest.prefix(Self.batch)
            rest = rest.dropFirst(batch.count)
            try delete(batch, &result)
            if !rest.isEmpty { result.interruption = interruption() }
            guard result.interruption == nil else { return }
        }
    }

    private func delete(_ batch: ArraySlice<Plan.Deletion>, _ result: inout Repairer.Result) throws {
        let before = NodeView([observer.look()])
        let still = before.flatMap(unseen)
        let tables = SocketTables(root: observer.options.root)
        let isComplete = tables.read().missingEvidence.isEmpty
        let gap = tables.evidence.gaps.first
        let begin = result.deletions.count
        let done = batch.map { deletion in
            Repairer.Result.Deletion(
                planned: deletion,
                outcome: gap.map { .notHeld("it is not proven that every network namespace was read: \($0.reason)") }
                    ?? (!isComplete || still == nil
                        ? .notHeld("not every socket table could be read")
                        : still?.contains(deletion.entry) == true ? delete(deletion, tables) : .changed))
        }
        try journal.write(done.map { journal.line(.result, $0.planned, outcome: $0.outcome) })
        result.deletions += done
        try result.flagReusedKeys(
            from: begin, before: before.map { ReusedKeys(to: Array(batch), $0) }, journal,
            look: { NodeView([observer.look()]) })
    }

    /// Entries that still name no socket; `nil` if the look could not tell.
    private func unseen(_ third: NodeView) -> Set<EntryReference>? {
        guard SeenSockets(third.now).isComplete else { return nil }
        return Set(third.sockmaps.walked.filter { $0.state == .unseen }.map(\.reference))
    }

    private func delete(_ deletion: Plan.Deletion, _ tables: SocketTables) -> RepairOutcome {
        do {
            guard let map = try BPFTable.openSockmap(id: deletion.entry.map) else { return .gone }
            let elements = MapElements(map.descriptor.raw)
            let key = deletion.entry.key.bytes
            if deletion.entry.socket.cookie != 0 {
                let cookie = try elements.value(of: key, 0 as UInt64)
                guard cookie == deletion.entry.socket.cookie else { return .changed }
            }
            let ends = try tables.sockets(of: deletion.claim) + tables.sockets(of: deletion.claim.reversed)
            // A socket that is known by its cookie keeps another out; one that is not known may be that one.
            let isThere = ends.contains {
                $0.socket.state != .timeWait
                    && (deletion.entry.socket.cookie == 0
                        || $0.socket.identity.cookie == deletion.entry.socket.cookie)
            }
            guard !isThere else { return .changed }
            try elements.remove(key)
            return .deleted
        } catch let refusal as MapElements.Refusal {
            return refusal.errno == ENOENT ? .gone : .failed(errno: refusal.errno)
        } catch let error as SystemError {
            return .failed(errno: error.errno)
        } catch {
            return .notHeld("\(error)")
        }
    }
}
