import UnstuckModel

/// `sockmap.unseen`: keys of a walked map that name no socket of any network namespace, in two looks some seconds apart,
/// both of which read every table.
///
/// A socket of the stack is in its table before an accelerator files it, and leaves it only for CLOSE (or with it): the
/// socket is dead. Whether it leaked, or a process still holds it, and what waits in its queue, is not seen this way.
struct UnseenRule: NodeRule {
    let codes: [Finding.Code] = [.unseen]

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        var verdicts: [Verdict<Finding>] = []
        var groups: [Group: [(key: ClassifiedKey, seconds: Double)]] = [:]
        for key in view.sockmaps.walked where key.state == .unseen {
            guard let seconds = view.secondsUnseen(key), seconds >= NodeView.secondsBetweenSightings else {
                verdicts.append(.undecided(.entry(key.reference)))
                continue
            }
            let group = Group(map: key.map.id, pod: key.claim.flatMap { view.pod(at: $0.local.address) })
            groups[group, default: []].append((key, seconds))
        }
        for (group, members) in groups.sorted(by: { $0.value.count > $1.value.count }) {
            verdicts.append(.present(finding(view, group, members)))
        }
        return verdicts
    }

    private struct Group: Hashable {
        var map: UInt32
        var pod: String?
    }

    private func finding(
        _ view: NodeView, _ group: Group, _ members: [(key: ClassifiedKey, seconds: Double)]
    ) -> Finding {
        let map = members[0].key.map
        let total = view.sockmaps.walked.count { $0.map.id == group.map }
        let seconds = members.map(\.seconds).min() ?? 0
        let claimed = members.count { key, _ in key.claim.map { !view.connected($0).isEmpty } ?? false }
        let shown = members.prefix(3).map { key, _ in
            key.claim.map { "\($0.local) <- \($0.remote)" } ?? key.entry.key.description
        }
        let more = members.count > shown.count ? " and \(members.count - shown.count) more" : ""
        return Finding(
            code: .unseen, severity: view.severity(ofStaleEntriesIn: map),
            summary:
                "\(members.count) \(members.count == 1 ? "entry" : "entries") without a socket in \(Label.map(map)) "
                + "(\(Label.share(members.count, of: total)) of \(total)\(group.pod.map { "; of \($0)" } ?? ""))",
            evidence: [
                .init("entries", shown.joined(separator: ", ") + more),
                .init(
                    "sockets",
                    "in no TCP table of \(view.now.namespaces.count) network namespaces, IPv4 and IPv6, for at least "
                        + "\(Label.duration(seconds: seconds)): dead"),
                .init("unknown", "whether a process still holds them, and unread bytes in their queues"),
                .init(
                    "at risk",
                    claimed > 0
                        ? "\(pluralized(claimed, "live connection uses", "live connections use")) these addresses and ports now"
                        : view.risk(ofStaleEntriesIn: map)),
            ],
            remedy: "diagnose with BTF and full capabilities shows their owners",
            subject: .init(pod: group.pod, map: group.map, entries: members.map(\.key.reference)))
    }
}
