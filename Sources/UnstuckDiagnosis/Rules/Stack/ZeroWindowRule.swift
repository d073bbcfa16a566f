import UnstuckModel

/// `stack.zero-window`: the sender may not send, because the receiver's window is shut, and the receiver is not on this node
/// (a receiver here that does not read is its own finding).
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
                return .excluded(by: "the window is \(window) bytes")
            }
            return .excluded(by: "nothing waits to be sent")
        }
        guard stuck.causes.isEmpty, stuck.place?.queue == .send else { return .notApplicable }
        let window = sender.sendWindow ?? 0
        return .present(
            Cause(
                code: .zeroWindow, severity: .critical, headline: "stuck: the receiver's window is shut", group: "",
                facts: [
                    Fact("window", .bytes(UInt64(window))),
                    Fact("probes without an answer", .count(UInt64(sender.backoff))),
                ],
                remedy: "look at the receiver: its application does not read (ss -tnpm there: Recv-Q)"))
    }
}

extension TCPSocket {
    /// Bytes wait, none is in flight, and the window has no room for them.
    var isBlockedByWindow: Bool {
        guard let window = sendWindow, let waiting = unacknowledgedBytes, waiting > 0 else { return false }
        return packetsInFlight == 0 && waiting > window
    }
}
