import CNetlinkUAPI

/// What `INET_DIAG_INFO` reports of a socket: `struct tcp_info`, of which an older kernel has less. What its tail lacks is
/// `nil`, never 0.
public struct TCPInfo: Hashable, Sendable {
    private let raw: netlink_tcp_info
    /// Bytes that the kernel sent.
    private let count: Int

    /// Never fails: a structure of any length holds what lies within it.
    public static func decode(_ bytes: RawSpan, in range: Range<Int>) -> TCPInfo {
        let size = MemoryLayout<netlink_tcp_info>.size
        let count = max(0, min(range.count, size, bytes.byteCount - range.lowerBound))
        var raw = netlink_tcp_info()
        unsafe withUnsafeMutableBytes(of: &raw) { target in
            for offset in 0..<count {
                // Within both: the smaller length of the two.
                unsafe target[offset] = bytes.unsafeLoad(fromByteOffset: range.lowerBound + offset, as: UInt8.self)
            }
        }
        return TCPInfo(raw: raw, count: count)
    }

    /// A member of the structure; `nil` if it is not whole.
    func field<Value: BitwiseCopyable>(_ path: KeyPath<netlink_tcp_info, Value>) -> Value? {
        guard let offset = MemoryLayout<netlink_tcp_info>.offset(of: path),
            count >= offset + MemoryLayout<Value>.size
        else { return nil }
        return raw[keyPath: path]
    }

    public static func == (one: Self, other: Self) -> Bool { one.bytes == other.bytes }
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    private var bytes: [UInt8] {
        unsafe withUnsafeBytes(of: raw) { unsafe Array($0.prefix(count)) }
    }
}

extension TCPInfo {
    public var backoff: UInt8? { field(\.backoff) }
    /// Segments in flight.
    public var unacked: UInt32? { field(\.unacked) }
    /// Milliseconds since data last left or arrived.
    public var lastDataSent: UInt32? { field(\.last_data_sent) }
    public var lastDataReceived: UInt32? { field(\.last_data_recv) }
    public var totalRetransmits: UInt32? { field(\.total_retrans) }
    public var bytesAcked: UInt64? { field(\.bytes_acked) }
    public var bytesReceived: UInt64? { field(\.bytes_received) }
    public var segmentsOut: UInt32? { field(\.segs_out) }
    public var segmentsIn: UInt32? { field(\.segs_in) }
    public var bytesSent: UInt64? { field(\.bytes_sent) }
    public var sendWindow: UInt32? { field(\.snd_wnd) }
    public var receiveWindow: UInt32? { field(\.rcv_wnd) }
}
