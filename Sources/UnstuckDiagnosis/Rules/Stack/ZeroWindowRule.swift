import UnstuckModel

/// `stack.zero-window`: the sender may not send, because the window that it was reported is shut. A receiver on this node that does not
/// read is its own finding; one that has nothing unread did not shut it: something on the path has changed the announcement.
///
/// Nothing is in flight and what waits exceeds the window: the sender's persist timer probes it (Linux
/// `net/ipv4/tcp_timer.c`, `tcp_probe_timer`).
struct ZeroWindowRule: ConnectionRule {
    let codes: [Finding.Code] = [.zeroWindow]
    let after: [Finding.Code] = [.stopped, .notReading]

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        let senders = stuck.connection.ends.filter { ($0.unacknowledgedBytes ?? 0) > 0 }
        guard let sender = senders.first(where: \.isBlockedByWindow) else {
            if let sender = senders.first {
                guard let window = sender.sendWindow else { return .unknown("the window of the sender") }
                guard sender.packetsInFlight != nil else { return .unknown("what the sender has in flight") }
                return .excluded(by: "the window is \(window) bytes")
            }
            return .excluded(by: "nothing waits to be sent")
        }
        guard stuck.causes.isEmpty, stuck.place?.queue == .send else { return .notApplicable }
        let window = sender.sendWindow ?? 0
        let receiver = stuck.connection.ends.first { $0.socket.identity != sender.socket.identity }
        let offered = receiver.flatMap { $0.unreadBytes == 0 ? $0.receiveWindow : nil } ?? 0
        var facts = [
            Fact("window", .bytes(UInt64(window))), Fact("probes without an answer", count: sender.backoff),
        ].compactMap { $0 }
        if receiver != nil { facts.append(Fact("receiver", "nothing unread, has room for \(offered) bytes")) }
        return .present(
            Cause(
                code: .zeroWindow, severity: .critical,
                headline:
                    "stuck: the \(offered > window ? "window that the sender sees" : "receiver's window") is shut",
                group: offered > window ? "changed" : "shut", facts: facts,
                remedy: offered > window
                    ? "look for what rewrites TCP windows on the path: tcpdump at both ends; nft list ruleset; middleboxes"
                    : "look at the receiver: its application does not read (ss -tnpm there: Recv-Q)"))
    }
}

extension TCPSocket {
    /// Bytes wait, none is in flight, and the window has no room for a segment. The size of segments is not in the samples:
    /// 536 bytes is the smallest that hosts must take (RFC 9293, 3.7.1).
    var isBlockedByWindow: Bool {
        guard let window = sendWindow, let waiting = unacknowledgedBytes, waiting > 0 else { return false }
        return packetsInFlight == 0 && window < min(waiting, 536)
    }
}
