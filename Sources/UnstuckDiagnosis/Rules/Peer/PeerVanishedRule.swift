import UnstuckModel

/// `peer.vanished`: what one end sends again and again is not acknowledged, its peer is not on this node, and ICMP said meanwhile
/// that the destination cannot be reached.
struct PeerVanishedRule: ConnectionRule {
    let codes: [Finding.Code] = [.peerVanished]
    let after: [Finding.Code] = [.overflow, .zeroWindow, .neighbour]
    let needs: Set<Need> = [.counters]

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        guard stuck.connection.ends.count == 1, stuck.pending == nil else {
            return .excluded(by: "the peer is on this node")
        }
        guard stuck.causes.isEmpty, let sender = stuck.lossySender(view) else { return .notApplicable }
        let counter = sender.socket.tuple.remote.address.isV4 ? "IcmpInDestUnreachs" : "Icmp6InDestUnreachs"
        guard let unreachable = view.delta(counter, in: sender.socket.netns) else {
            return .unknown("the ICMP counters of network namespace \(sender.socket.netns)")
        }
        guard unreachable > 0 else { return .excluded(by: "no ICMP destination unreachable between the samples") }
        return .present(
            Cause(
                code: .peerVanished, severity: .critical,
                headline: "stuck: not acknowledged, and ICMP reports an unreachable destination",
                group: "",
                facts: [
                    Fact("destination unreachable", .count(unreachable)),
                    Fact("sent again", count: sender.retransmits), Fact("timer backed off", count: sender.backoff),
                ].compactMap { $0 },
                remedy:
                    "look where \(sender.socket.tuple.remote.address) has gone (ip route get; the pod's or host's state); the "
                    + "application should set TCP_USER_TIMEOUT or keepalives"))
    }
}
