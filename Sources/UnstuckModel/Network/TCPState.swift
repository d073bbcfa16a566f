/// A TCP state by the kernel's number (`include/net/tcp_states.h`); unknown numbers survive.
public struct TCPState: RawRepresentable, Hashable, Sendable, Codable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let established = TCPState(rawValue: 1)
    public static let synSent = TCPState(rawValue: 2)
    public static let synReceived = TCPState(rawValue: 3)
    public static let finWait1 = TCPState(rawValue: 4)
    public static let finWait2 = TCPState(rawValue: 5)
    public static let timeWait = TCPState(rawValue: 6)
    public static let close = TCPState(rawValue: 7)
    public static let closeWait = TCPState(rawValue: 8)
    public static let lastAck = TCPState(rawValue: 9)
    public static let listen = TCPState(rawValue: 10)
    public static let closing = TCPState(rawValue: 11)
    public static let newSynReceived = TCPState(rawValue: 12)

    /// The application may still write (`tcp_sendmsg_locked`, net/ipv4/tcp.c; before the handshake is over it waits).
    public var maySend: Bool { self == .established || self == .closeWait }

    private static let names = [
        "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
        "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV",
    ]
}

extension TCPState {
    /// For people: an incomplete handshake is SYN_RECV, whatever the kernel keeps it in.
    public var shownName: String { (self == .newSynReceived ? .synReceived : self).description }
}

extension TCPState: CustomStringConvertible {
    public var description: String {
        (1..<Self.names.count).contains(Int(rawValue)) ? Self.names[Int(rawValue)] : "state \(rawValue)"
    }
}
