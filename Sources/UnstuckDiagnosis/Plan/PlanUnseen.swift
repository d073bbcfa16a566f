import UnstuckModel

extension RepairSteps {
    /// What may be done about keys of walked maps that name no socket: nothing, unless `--without-iterator` asks for it.
    mutating func addUnseen(_ diagnosis: Diagnosis, _ selection: EntryFilter) {
        let proven = Set(diagnosis.findings.filter { $0.code == .unseen }.flatMap(\.subject.entries))
        for key in view.sockmaps.walked where key.state == .unseen {
            guard selection.takes(key.entry.key, key.claim, key.state) else {
                leaveOut()
                continue
            }
            add(step(key, isProven: proven.contains(key.reference)))
        }
    }

    private func step(_ key: ClassifiedKey, isProven: Bool) -> Step {
        func skip(_ reason: String) -> Step {
            .skip(
                Plan.Undecided(entry: key.reference, mapName: key.map.name, claim: key.claim, reason: reason))
        }
        guard isProven else { return skip("no socket was seen of it once; a second sample some seconds later decides") }
        guard let claim = key.claim, key.map.kind == .sockhash,
            SeenSockets.canBeAskedFor(claim, view.sockmaps.layouts[key.map.id]?.layout)
        else { return skip("only entries of a SOCKHASH whose keys name both ends are deleted unseen") }
        // A descriptor that was connected anew (docs/kernel-facts.md, Z5) lives under another tuple than its key names:
        // without the socket's cookie it cannot be distinguished from a dead one.
        guard key.entry.cookie != nil else {
            return skip(
                "no socket was seen of it, but the map's values give no cookie: a live socket that was connected anew would "
                    + "look the same")
        }
        return .delete(
            Deletion(
                planned: Plan.Deletion(
                    entry: key.reference, mapName: key.map.name, state: .unseen, claim: claim,
                    pod: view.pod(at: claim.local.address), holder: nil, unreadBytes: 0, allowUnread: true,
                    claimant: nil,
                    reason:
                        "no socket of the node has its addresses and ports: dead, and held or not, which is not seen"),
                takes: [.withoutIterator],
                reasons: ["no socket was seen of it, but the socket behind the entry was not read"]))
    }

    /// - Parameter planned: entries that are deleted without having been seen.
    static func caution(unseen planned: Int) -> String? {
        guard planned > 0 else { return nil }
        return
            "\(planned) of them \(planned == 1 ? "is" : "are") deleted by key from user space: every socket table is "
            + "asked again just before each, but what is inserted under the key between that answer and the delete "
            + "(microseconds, or longer if this process is held up) is deleted too; unread bytes in their queues cannot be "
            + "seen, and go with them"
    }
}
