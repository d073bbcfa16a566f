import UnstuckModel

/// `sockmap.leaked` and `sockmap.zombie`: dead sockets that stay in a map and wait for the next connection with the
/// same addresses and ports.
///
/// One sighting of a dead socket proves nothing: closing sockets pass through that state. It takes a live connection
/// that claims the same tuple, or a second sighting of the same socket some seconds later; before that it is suspect.
struct StaleEntryRule: NodeRule {
    let codes: [Finding.Code] = [.leaked, .zombie]
    let after: [Finding.Code] = [.misdirected]

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        var verdicts: [Verdict<Finding>] = []
        var groups: [Group: [Checked]] = [:]
        let misdirecting = Set(findings.filter { $0.code == .misdirected }.flatMap(\.subject.entries))
        for entry in view.sockmaps.entries where entry.state.isDead {
            let isClaimed = misdirecting.contains(entry.reference) || view.claimant(of: entry) != nil
            let seconds = view.secondsSeenDead(entry)
            guard isClaimed || (seconds ?? 0) >= NodeView.secondsBetweenSightings else {
                verdicts.append(.undecided(.entry(entry.reference)))
                continue
            }
            let group = Group(map: entry.map.id, pod: view.pod(of: entry), state: entry.state)
            groups[group, default: []].append(Checked(entry: entry, isClaimed: isClaimed, seconds: seconds))
        }
        for (group, members) in groups.sorted(by: { $0.value.count > $1.value.count }) {
            verdicts.append(.present(finding(view, group, members)))
        }
        return verdicts
    }

    private struct Group: Hashable {
        var map: UInt32
        var pod: String?
        var state: EntryState
    }

    private struct Checked {
        var entry: NodeView.ClassifiedEntry
        var isClaimed: Bool
        var seconds: Double?
    }

    private func finding(_ view: NodeView, _ group: Group, _ members: [Checked]) -> Finding {
        let map = members[0].entry.map
        let total = view.sockmaps.entries(of: group.map).count
        let isZombie = group.state == .zombie
        let claimed = members.count(where: \.isClaimed)
        let bytes = members.reduce(UInt64(0)) { $0 + UInt64($1.entry.entry.socket.psock?.queuedBytes ?? 0) }
        let holders = isZombie ? members.flatMap { view.owners(of: $0.entry.entry.socket) } : []

        var evidence: [Fact] = [
            .init("entries", examples(members)),
            .init("sockets", sockets(members, isZombie: isZombie)),
        ]
        if isZombie { evidence.append(.init("owner", heldBy(holders, members))) }
        if bytes > 0 {
            evidence.append(.init("misdelivered", "\(Label.bytes(bytes, partial: false)) unread in their queues"))
        }
        evidence.append(
            .init(
                "at risk",
                claimed > 0
                    ? "\(pluralized(claimed, "live connection uses", "live connections use")) these addresses and ports now"
                    : view.risk(ofStaleEntriesIn: map)))

        return Finding(
            code: isZombie ? .zombie : .leaked, severity: view.severity(ofStaleEntriesIn: map),
            summary: "\(members.count) stale \(members.count == 1 ? "entry" : "entries") in \(Label.map(map)) "
                + "(\(Label.share(members.count, of: total)) of \(total)"
                + "\(group.pod.map { "; of \($0)" } ?? ""))",
            evidence: evidence,
            remedy: isZombie
                ? "the application should close connections that its peer has reset"
                : "a kernel with sock_map_destroy does not leak them",
            subject: .init(
                pod: group.pod, entries: members.map(\.entry.reference), holders: holders,
                bytes: bytes > 0 ? bytes : nil))
    }

    private func examples(_ members: [Checked]) -> String {
        let shown = members.prefix(3).compactMap(\.entry.claim).map { "\($0.local) <- \($0.remote)" }
        let more = members.count - shown.count
        return shown.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }

    private func sockets(_ members: [Checked], isZombie: Bool) -> String {
        let seconds = members.compactMap(\.seconds).min()
        let time = seconds.map { ", the same sockets for at least \(Label.duration(seconds: $0))" }
        let what = isZombie ? "CLOSE, still held open by a descriptor" : "CLOSE and orphaned: no process can close them"
        return what + (time ?? "")
    }

    private func heldBy(_ holders: [SocketOwner], _ members: [Checked]) -> String {
        let queued = members.count { $0.entry.entry.socket.liveness == .queuedDead }
        var parts: [String] = []
        for (pid, owned) in Dictionary(grouping: holders, by: \.pid).sorted(by: { $0.value.count > $1.value.count })
            .prefix(3)
        {
            let descriptors = owned.map(\.descriptor).sorted().prefix(4).map(String.init).joined(separator: ", ")
            parts.append("\(Label.safe(owned[0].command))[\(pid)] fd \(descriptors)\(owned.count > 4 ? ", …" : "")")
        }
        if queued > 0 { parts.append("the accept queue (\(queued), reset before accept)") }
        return parts.isEmpty ? "not found" : parts.joined(separator: "; ")
    }
}
