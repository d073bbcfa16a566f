/// A socket of a network namespace's TCP tables with the counters that tell moving from stuck.
///
/// What a way of reading does not report is `nil`, never 0: INET_DIAG knows no sequence numbers, an old kernel's tcp_info is
/// short, and a listener has no counters.
public struct TCPSocket: Hashable, Sendable, Codable {
    public var socket: KernelSocket
    public var bytesSent: UInt64?
    public var bytesAcked: UInt64?
    public var bytesReceived: UInt64?
    /// Sequence numbers: `snd_nxt`, `snd_una`, `write_seq`, `rcv_nxt`, `copied_seq`.
    public var sendNext: UInt32?
    public var sendUnacked: UInt32?
    public var writeSequence: UInt32?
    public var receiveNext: UInt32?
    public var copiedSequence: UInt32?
    public var segmentsOut: UInt32?
    public var segmentsIn: UInt32?
    public var retransmits: UInt32?
    public var packetsInFlight: UInt32?
    public var sendWindow: UInt32?
    public var receiveWindow: UInt32?
    /// Milliseconds since data last left or arrived through the stack, or since the handshake.
    public var millisecondsSinceSend: UInt32?
    public var millisecondsSinceReceive: UInt32?
    /// Listeners: connections that wait for accept, and the backlog.
    public var acceptQueue: UInt32?
    public var acceptLimit: UInt32?
    public var backoff: UInt8?
    /// The queues where they are reported themselves; else they follow from the sequence numbers.
    public var queues: Queues?

    /// Bytes that wait in the stack.
    public struct Queues: Hashable, Sendable, Codable {
        public var receive: UInt32
        public var send: UInt32
        public init(receive: UInt32, send: UInt32) {
            self.receive = receive
            self.send = send
        }
    }

    public init(
        socket: KernelSocket, bytesSent: UInt64? = nil, bytesAcked: UInt64? = nil, bytesReceived: UInt64? = nil,
        sendNext: UInt32? = nil, sendUnacked: UInt32? = nil, writeSequence: UInt32? = nil, receiveNext: UInt32? = nil,
        copiedSequence: UInt32? = nil, segmentsOut: UInt32? = nil, segmentsIn: UInt32? = nil,
        retransmits: UInt32? = nil, packetsInFlight: UInt32? = nil, sendWindow: UInt32? = nil,
        receiveWindow: UInt32? = nil, millisecondsSinceSend: UInt32? = nil, millisecondsSinceReceive: UInt32? = nil,
        acceptQueue: UInt32? = nil, acceptLimit: UInt32? = nil, backoff: UInt8? = nil
    ) {
        self.socket = socket
        self.bytesSent = bytesSent
        self.bytesAcked = bytesAcked
        self.bytesReceived = bytesReceived
        self.sendNext = sendNext
        self.sendUnacked = sendUnacked
        self.writeSequence = writeSequence
        self.receiveNext = receiveNext
        self.copiedSequence = copiedSequence
        self.segmentsOut = segmentsOut
        self.segmentsIn = segmentsIn
        self.retransmits = retransmits
        self.packetsInFlight = packetsInFlight
        self.sendWindow = sendWindow
        self.receiveWindow = receiveWindow
        self.millisecondsSinceSend = millisecondsSinceSend
        self.millisecondsSinceReceive = millisecondsSinceReceive
        self.acceptQueue = acceptQueue
        self.acceptLimit = acceptLimit
        self.backoff = backoff
    }

    /// Bytes that arrived through the stack and wait to be read (`Recv-Q` of ss).
    public var receiveQueue: UInt32? {
        if socket.state == .listen { return acceptQueue }
        if let queues { return queues.receive }
        guard let receiveNext, let copiedSequence else { return nil }
        return receiveNext &- copiedSequence
    }

    /// Bytes handed to the stack and not yet acknowledged (`Send-Q` of ss).
    public var sendQueue: UInt32? {
        if socket.state == .listen { return acceptLimit }
        if let queues { return queues.send }
        guard let writeSequence, let sendUnacked else { return nil }
        return writeSequence &- sendUnacked
    }
}
