import CNetlinkUAPI

/// What `INET_DIAG_INFO` tells of a socket: `struct tcp_info`, of which an older kernel has less. What its tail lacks is
/// `nil`, never 0.
public struct TCPInfo: Hashable, Sendable {
    public var backoff: UInt8?
    /// Segments in flight.
    public var unacked: UInt32?
    /// Milliseconds since data last left or arrived.
    public var lastDataSent: UInt32?
    public var lastDataReceived: UInt32?
    public var totalRetransmits: UInt32?
    public var bytesAcked: UInt64?
    public var bytesReceived: UInt64?
    public var segmentsOut: UInt32?
    public var segmentsIn: UInt32?
    public var bytesSent: UInt64?
    public var sendWindow: UInt32?
    public var receiveWindow: UInt32?

    /// Never fails: a structure of any length tells what lies within it.
    public static func decode(_ bytes: RawSpan, in range: Range<Int>) -> TCPInfo {
        func field<Value: BitwiseCopyable>(_ path: KeyPath<netlink_tcp_info, Value>) -> Value? {
            guard let offset = MemoryLayout<netlink_tcp_info>.offset(of: path),
                range.count >= offset + MemoryLayout<Value>.size, range.upperBound <= bytes.byteCount
            else { return nil }
            // The length was just checked, and any bit pattern is a valid number.
            return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: range.lowerBound + offset, as: Value.self)
        }
        return TCPInfo(
            backoff: field(\.backoff), unacked: field(\.unacked), lastDataSent: field(\.last_data_sent),
            lastDataReceived: field(\.last_data_recv), totalRetransmits: field(\.total_retrans),
            bytesAcked: field(\.bytes_acked), bytesReceived: field(\.bytes_received), segmentsOut: field(\.segs_out),
            segmentsIn: field(\.segs_in), bytesSent: field(\.bytes_sent), sendWindow: field(\.snd_wnd),
            receiveWindow: field(\.rcv_wnd))
    }
}
