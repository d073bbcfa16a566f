/// A number of a socket, with its name and unit: the one list that rows are filtered and sorted by, that deltas are taken of,
/// and whose names are the keys of the JSON.
public struct SocketField: Sendable {
    public enum Unit: String, Sendable {
        case bytes, microseconds, milliseconds, segments, count
        /// Bytes a second.
        case rate
    }

    /// In JSON, in filters and for `--sort`.
    public let name: StaticString
    public let unit: Unit
    /// It only ever grows: what it grew by between two samples means something.
    public let isCounter: Bool
    /// The kernel counts it in 32 bits; bytes have 64, and times are computed.
    public var wraps: Bool { unit == .segments || unit == .count }
    /// `nil`: it was not read, or does not apply.
    public let value: @Sendable (TCPSocket, SocketDetails) -> UInt64?

    private init(
        _ name: StaticString, _ unit: Unit, counts: Bool = false,
        _ value: @escaping @Sendable (TCPSocket, SocketDetails) -> UInt64?
    ) {
        self.name = name
        self.unit = unit
        isCounter = counts
        self.value = value
    }

    private static func wide(_ value: (some FixedWidthInteger & UnsignedInteger)?) -> UInt64? {
        value.map { UInt64($0) }
    }

    private static func isListener(_ socket: TCPSocket) -> Bool { socket.socket.state == .listen }

    public static let all: [SocketField] = queues + counters + delays + windows + progress + memory

    private static let queues: [SocketField] = [
        .init("recv_q", .bytes) { socket, _ in isListener(socket) ? nil : wide(socket.receiveQueue) },
        .init("send_q", .bytes) { socket, _ in isListener(socket) ? nil : wide(socket.sendQueue) },
        .init("accept_queue", .count) { socket, _ in wide(socket.acceptQueue) },
        .init("accept_limit", .count) { socket, _ in wide(socket.acceptLimit) },
        .init("psock_messages", .count) { socket, _ in wide(socket.socket.psock?.queuedMessages) },
        .init("psock_bytes", .bytes) { socket, _ in wide(socket.socket.psock?.queuedBytes) },
        .init("notsent", .bytes) { _, details in wide(details.notSent) },
        .init("timer_ms", .milliseconds) { _, details in wide(details.timer?.left) },
        .init("backoff", .count) { socket, _ in wide(socket.backoff) },
        .init("retransmits", .count) { _, details in wide(details.retransmitsInRow) },
        .init("probes", .count) { _, details in wide(details.probesInRow) },
    ]

    private static let counters: [SocketField] = [
        .init("bytes_sent", .bytes, counts: true) { socket, _ in socket.bytesSent },
        .init("bytes_retrans", .bytes, counts: true) { _, details in details.bytesRetransmitted },
        .init("bytes_acked", .bytes, counts: true) { socket, _ in socket.bytesAcked },
        .init("bytes_received", .bytes, counts: true) { socket, _ in socket.bytesReceived },
        .init("segs_out", .segments, counts: true) { socket, _ in wide(socket.segmentsOut) },
        .init("segs_in", .segments, counts: true) { socket, _ in wide(socket.segmentsIn) },
        .init("data_segs_out", .segments, counts: true) { _, details in wide(details.dataSegmentsOut) },
        .init("data_segs_in", .segments, counts: true) { _, details in wide(details.dataSegmentsIn) },
        .init("retrans_total", .segments, counts: true) { socket, _ in wide(socket.retransmits) },
        .init("delivered", .segments, counts: true) { _, details in wide(details.delivered) },
        .init("delivered_ce", .segments, counts: true) { _, details in wide(details.deliveredWithCongestion) },
        .init("dsack_dups", .segments, counts: true) { _, details in wide(details.duplicatesReported) },
        .init("reord_seen", .count, counts: true) { _, details in wide(details.reorderingSeen) },
        .init("rcv_ooopack", .segments, counts: true) { _, details in wide(details.outOfOrder) },
    ]

    private static let delays: [SocketField] = [
        .init("rtt_us", .microseconds) { _, details in wide(details.roundTrip) },
        .init("rttvar_us", .microseconds) { _, details in wide(details.roundTripVariance) },
        .init("minrtt_us", .microseconds) { _, details in wide(details.smallestRoundTrip) },
        .init("rcv_rtt_us", .microseconds) { _, details in wide(details.receiverRoundTrip) },
        .init("rto_us", .microseconds) { _, details in wide(details.retransmissionTimeout) },
        .init("ato_us", .microseconds) { _, details in wide(details.acknowledgementDelay) },
        .init("lastsnd_ms", .milliseconds) { socket, _ in wide(socket.millisecondsSinceSend) },
        .init("lastrcv_ms", .milliseconds) { socket, _ in wide(socket.millisecondsSinceReceive) },
        .init("lastack_ms", .milliseconds) { _, details in wide(details.millisecondsSinceAck) },
    ]

    private static let windows: [SocketField] = [
        .init("snd_wnd", .bytes) { socket, _ in wide(socket.sendWindow) },
        .init("rcv_wnd", .bytes) { socket, _ in wide(socket.receiveWindow) },
        .init("cwnd", .segments) { _, details in wide(details.congestionWindow) },
        .init("ssthresh", .segments) { _, details in wide(details.slowStartThreshold) },
        .init("rcv_ssthresh", .bytes) { _, details in wide(details.receiveThreshold) },
        .init("rcv_space", .bytes) { _, details in wide(details.receiveSpace) },
        .init("mss", .bytes) { _, details in wide(details.segmentSize) },
        .init("rcvmss", .bytes) { _, details in wide(details.receivedSegmentSize) },
        .init("advmss", .bytes) { _, details in wide(details.advertisedSegmentSize) },
        .init("pmtu", .bytes) { _, details in wide(details.pathMTU) },
        .init("snd_wscale", .count) { _, details in wide(details.sendScale) },
        .init("rcv_wscale", .count) { _, details in wide(details.receiveScale) },
    ]

    private static let progress: [SocketField] = [
        .init("unacked", .segments) { socket, _ in wide(socket.packetsInFlight) },
        .init("retrans", .segments) { _, details in wide(details.retransmittedNow) },
        .init("lost", .segments) { _, details in wide(details.lost) },
        .init("sacked", .segments) { _, details in wide(details.selectivelyAcked) },
        .init("reordering", .segments) { _, details in wide(details.reordering) },
        .init("pacing_rate", .rate) { _, details in details.pacingRate.flatMap { $0 == .max ? nil : $0 } },
        .init("max_pacing_rate", .rate) { _, details in details.largestPacingRate.flatMap { $0 == .max ? nil : $0 } },
        .init("delivery_rate", .rate) { _, details in details.deliveryRate },
        .init("busy_us", .microseconds, counts: true) { _, details in details.busy },
        .init("rwnd_limited_us", .microseconds, counts: true) { _, details in details.windowLimited },
        .init("sndbuf_limited_us", .microseconds, counts: true) { _, details in details.bufferLimited },
    ]

    private static let memory: [SocketField] = [
        .init("rmem", .bytes) { _, details in wide(details.memory?.receive) },
        .init("rcvbuf", .bytes) { _, details in wide(details.memory?.receiveBuffer) },
        .init("wmem", .bytes) { _, details in wide(details.memory?.transmit) },
        .init("sndbuf", .bytes) { _, details in wide(details.memory?.sendBuffer) },
        .init("fwd_alloc", .bytes) { _, details in wide(details.memory?.forward) },
        .init("wmem_queued", .bytes) { _, details in wide(details.memory?.writeQueue) },
        .init("optmem", .bytes) { _, details in wide(details.memory?.optional) },
        .init("backlog", .bytes) { _, details in wide(details.memory?.backlog) },
        .init("drops", .count, counts: true) { _, details in wide(details.memory?.drops) },
        .init("mark", .count) { _, details in wide(details.mark) },
        .init("uid", .count) { _, details in wide(details.uid) },
    ]

    /// The place of a field by its name; `-` may stand for `_`, capitals for small letters, and the unit may be left out:
    /// `Recv-Q`, `rtt`.
    public static func position(of name: String) -> Int? {
        var wanted = ""
        for scalar in name.lowercased().unicodeScalars { wanted.unicodeScalars.append(scalar == "-" ? "_" : scalar) }
        let spellings = [wanted, wanted + "_us", wanted + "_ms"]
        return spellings.lazy.compactMap { spelling in all.firstIndex { "\($0.name)" == spelling } }.first
    }
}
