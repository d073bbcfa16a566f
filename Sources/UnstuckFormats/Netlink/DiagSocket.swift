import CNetlinkUAPI
import UnstuckModel

/// A socket as a NETLINK_SOCK_DIAG answer tells of it: `struct inet_diag_msg` and its attributes.
public struct DiagSocket: Hashable, Sendable {
    public var tuple: FourTuple
    public var state: TCPState
    /// `SO_COOKIE`.
    public var cookie: UInt64
    /// Inode of the socket's file; 0: no `struct socket` (not accepted yet, or orphaned).
    public var inode: UInt32
    public var uid: UInt32
    /// Of a listener: connections that wait for accept, and the backlog.
    public var receiveQueue: UInt32
    public var sendQueue: UInt32
    /// `nil`: not reported, as for TIME_WAIT and SYN_RECV.
    public var info: TCPInfo?
    /// `INET_DIAG_SKMEMINFO`: the numbers of `enum SK_MEMINFO_…` (include/uapi/linux/sock_diag.h), as many as there are.
    public var memory: [UInt32]?
    /// cgroup v2 id; `nil`: not reported (Linux 5.7 and CONFIG_SOCK_CGROUP_DATA).
    public var cgroup: UInt64?
    /// The timer that is running, by the kernel's number; 0 none. Milliseconds until it is due; what it led to so far.
    public var timer: UInt8 = 0
    public var timerLeft: UInt32 = 0
    public var timerCount: UInt8 = 0
    /// Name of the congestion control.
    public var congestion: String?
    public var mark: UInt32?
    public var shutdown: UInt8?
    /// Attributes that nothing here reads, by number, in order.
    public var others: [Other]

    public struct Other: Hashable, Sendable {
        public var number: UInt16
        public var bytes: [UInt8]
    }

    /// Decodes the payload of one `SOCK_DIAG_BY_FAMILY` message.
    public static func decode(_ bytes: RawSpan, in range: Range<Int>) throws(NetlinkError) -> DiagSocket {
        let message: inet_diag_msg = try bytes.fixed(
            "inet_diag_msg", at: range.lowerBound, end: range.upperBound, inet_diag_msg())
        let isV6 = message.idiag_family == 10  // AF_INET6
        let source = range.lowerBound + sourceOffset
        let destination = range.lowerBound + destinationOffset
        var socket = DiagSocket(
            tuple: FourTuple(
                local: Endpoint(address(bytes, source, isV6: isV6), UInt16(bigEndian: message.id.idiag_sport)),
                remote: Endpoint(address(bytes, destination, isV6: isV6), UInt16(bigEndian: message.id.idiag_dport))),
            state: TCPState(rawValue: message.idiag_state),
            cookie: UInt64(message.id.idiag_cookie.0) | UInt64(message.id.idiag_cookie.1) << 32,
            inode: message.idiag_inode, uid: message.idiag_uid, receiveQueue: message.idiag_rqueue,
            sendQueue: message.idiag_wqueue, info: nil, memory: nil, cgroup: nil, others: [])
        socket.timer = message.idiag_timer
        // Signed: it may be overdue.
        socket.timerLeft = UInt32(max(0, Int32(bitPattern: message.idiag_expires)))
        socket.timerCount = message.idiag_retrans
        let start = min(aligned(range.lowerBound + MemoryLayout<inet_diag_msg>.size), range.upperBound)
        for attribute in try NetlinkAttribute.decode(bytes, in: start..<range.upperBound) {
            try socket.decode(attribute, bytes)
        }
        return socket
    }

    private mutating func decode(_ attribute: NetlinkAttribute, _ bytes: RawSpan) throws(NetlinkError) {
        let payload = attribute.payload
        switch Int(attribute.number) {
        case INET_DIAG_INFO:
            info = TCPInfo.decode(bytes, in: payload)
        case INET_DIAG_SKMEMINFO:
            var numbers: [UInt32] = []
            for offset in stride(from: payload.lowerBound, to: payload.upperBound - 3, by: 4) {
                try numbers.append(bytes.fixed("INET_DIAG_SKMEMINFO", at: offset, end: payload.upperBound, UInt32(0)))
            }
            memory = numbers
        case INET_DIAG_CGROUP_ID:
            cgroup = try bytes.fixed("INET_DIAG_CGROUP_ID", at: payload.lowerBound, end: payload.upperBound, UInt64(0))
        case INET_DIAG_CONG:
            let name = bytes.extracting(payload)
            congestion = unsafe name.withUnsafeBytes { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        case INET_DIAG_MARK:
            mark = try bytes.fixed("INET_DIAG_MARK", at: payload.lowerBound, end: payload.upperBound, UInt32(0))
        case INET_DIAG_SHUTDOWN:
            shutdown = try bytes.fixed("INET_DIAG_SHUTDOWN", at: payload.lowerBound, end: payload.upperBound, UInt8(0))
        default:
            let kept = bytes.extracting(payload)
            others.append(
                Other(number: attribute.number, bytes: unsafe kept.withUnsafeBytes { unsafe Array($0) }))
        }
    }

    private static let sourceOffset =
        (MemoryLayout<inet_diag_msg>.offset(of: \.id) ?? 0)
        + (MemoryLayout<inet_diag_sockid>.offset(of: \.idiag_src) ?? 0)
    private static let destinationOffset =
        (MemoryLayout<inet_diag_msg>.offset(of: \.id) ?? 0)
        + (MemoryLayout<inet_diag_sockid>.offset(of: \.idiag_dst) ?? 0)

    /// Inside the message, whose length was checked before.
    private static func address(_ bytes: RawSpan, _ offset: Int, isV6: Bool) -> IPAddress {
        if isV6 {
            return unsafe IPAddress(
                high: UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)),
                low: UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)))
        }
        return unsafe IPAddress(
            v4: UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}

extension DiagSocket {
    /// The socket as far as this way knows it: no kernel address, no handlers, no psock, no sequence numbers.
    ///
    /// - Parameter netns: inode of the namespace whose table it was read from.
    public func socket(netns: UInt32) -> TCPSocket {
        let isListener = state == .listen
        // Without a `struct socket` a connection has not been accepted yet, or its process has closed it; only closing
        // leads into these states.
        let isOrphan = inode == 0 && [.finWait1, .finWait2, .lastAck, .closing].contains(state)
        let kernel = KernelSocket(
            identity: SocketIdentity(address: 0, cookie: cookie), tuple: tuple, state: state, hasSocket: inode != 0,
            isDead: isOrphan, inode: UInt64(inode), netns: netns, cgroup: cgroup ?? 0, handlers: nil, psock: nil)
        var socket = TCPSocket(
            socket: kernel, acceptQueue: isListener ? receiveQueue : nil, acceptLimit: isListener ? sendQueue : nil)
        // In a listener's tcp_info `unacked` is the accept queue (Linux net/ipv4/tcp.c, tcp_get_info).
        guard !isListener else { return socket }
        socket.queues = TCPSocket.Queues(receive: receiveQueue, send: sendQueue)
        socket.retransmits = info?.totalRetransmits
        socket.packetsInFlight = info?.unacked
        // `tcp_get_info` reads its clock before the socket's times, too.
        func milliseconds(_ value: UInt32?) -> UInt32? {
            // Before the handshake these are not set yet (`tcp_connect_init`, net/ipv4/tcp_output.c).
            state == .synSent ? nil : value.map { $0.isJustNow(within: 1000) ? 0 : $0 }
        }
        socket.millisecondsSinceSend = milliseconds(info?.lastDataSent)
        socket.millisecondsSinceReceive = milliseconds(info?.lastDataReceived)
        socket.backoff = info?.backoff
        socket.bytesSent = info?.bytesSent
        socket.bytesAcked = info?.bytesAcked
        socket.bytesReceived = info?.bytesReceived
        socket.segmentsOut = info?.segmentsOut
        socket.segmentsIn = info?.segmentsIn
        socket.sendWindow = info?.sendWindow
        socket.receiveWindow = info?.receiveWindow
        return socket
    }
}
