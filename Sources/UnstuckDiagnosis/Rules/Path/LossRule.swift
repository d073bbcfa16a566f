import UnstuckModel

/// `path.loss`: what one end sends again and again is not acknowledged. Where both ends are on this node, which direction
/// loses: the receiver's next expected byte says whether the data arrived.
struct LossRule: ConnectionRule {
    let codes: [Finding.Code] = [.loss]
    let after: [Finding.Code] = [.stopped, .notReading, .overflow, .zeroWindow, .neighbour, .peerVanished]
    let needs: Set<Need> = [.counters]

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        guard let sender = stuck.lossySender(view) else {
            // The kernel keeps what its own output refuses (a local packet filter, no route), and counts nothing as sent.
            if let sender = stuck.connection.ends.first(where: \.isHeldBack) {
                return .suspected(
                    by: "\(sender.unacknowledgedBytes ?? 0) bytes wait, and none is in flight, with an open window")
            }
            for sender in stuck.connection.ends where (sender.unacknowledgedBytes ?? 0) > 0 {
                guard let inFlight = sender.packetsInFlight, sender.backoff != nil else {
                    return .unknown("what the sender has in flight and has sent again")
                }
                if inFlight > 0 { return .suspected(by: "\(inFlight) segments in flight") }
            }
            let retransmits = stuck.connection.ends.compactMap(\.retransmits).max().map {
                ", \(pluralized(Int($0), "retransmit"))"
            }
            return .excluded(by: "nothing unacknowledged in flight\(retransmits ?? "")")
        }
        guard stuck.causes.isEmpty, stuck.place?.queue == .send else { return .notApplicable }
        let side = stuck.connection.side(of: sender)
        let receiver = stuck.connection.ends.first { $0.socket.identity != sender.socket.identity }
        let direction = Self.direction(sender, side, receiver)
        var facts = [
            Fact("sent again", count: sender.retransmits), Fact("timer backed off", count: sender.backoff),
            Fact("lost", direction),
        ].compactMap { $0 }
        for (name, fact) in [
            ("TcpRetransSegs", "segments sent again in this namespace"),
            ("IpOutDiscards", "packets dropped on the way out"), ("IpInDiscards", "packets dropped on the way in"),
        ] {
            guard let delta = view.delta(name, in: sender.socket.netns), delta > 0 else { continue }
            facts.append(Fact(fact, .count(delta)))
        }
        return .present(
            Cause(
                code: .loss, severity: .critical, headline: "stuck: lost on the path, \(direction)", group: direction,
                facts: facts,
                remedy: "see where packets stop: tcpdump at both ends, nft list ruleset, ip -s link, ip route get"))
    }

    static func direction(
        _ sender: TCPSocket, _ side: StuckConnection.Side, _ receiver: TCPSocket?
    ) -> String {
        let other: StuckConnection.Side = side == .client ? .server : .client
        guard let receiver else { return "direction not known: no socket of the other end was seen on this node" }
        guard let expected = receiver.receiveNext, let unacknowledged = sender.sendUnacked else {
            return "direction not known: sequence numbers were not read"
        }
        // The data is there, and its acknowledgements do not come back.
        return Int32(bitPattern: expected &- unacknowledged) > 0 ? "\(other) to \(side)" : "\(side) to \(other)"
    }
}

extension TCPSocket {
    /// Bytes were sent and are not acknowledged.
    var isInFlight: Bool { (packetsInFlight ?? 0) > 0 && (unacknowledgedBytes ?? 0) > 0 }

    /// Bytes wait, none is in flight, and the window has room.
    fileprivate var isHeldBack: Bool {
        packetsInFlight == 0 && (unacknowledgedBytes ?? 0) > 0 && sendWindow != nil && !isBlockedByWindow
    }
}

extension StuckCandidate {
    /// An end whose bytes are sent again and still not acknowledged: the one that holds the most if both do. An ICMP error takes
    /// the timer's backoff back (RFC 6069; Linux `net/ipv4/tcp_ipv4.c`, `tcp_ld_RTO_revert`), so what was sent again between the samples counts, too.
    func lossySender(_ view: NodeView) -> TCPSocket? {
        let senders = connection.ends.filter { end in
            guard end.isInFlight else { return false }
            if let backoff = end.backoff, backoff > 0 { return true }
            guard !view.history.samples.isEmpty, let before = view.history.socket(end, in: 0) else { return false }
            guard let now = end.retransmits, let earlier = before.retransmits else { return false }
            return now > earlier
        }
        return senders.first { $0.socket.identity == holding?.socket.identity } ?? senders.first
    }
}
