import CUnstuckABI
import UnstuckModel

/// `struct unstuck_detail` -> ``SocketDetails``: the arithmetic of the kernel's `tcp_get_info` (net/ipv4/tcp.c).
public enum DetailRecord {
    /// Bytes of one record.
    public static let size = MemoryLayout<unstuck_detail>.size

    /// Decodes the record that begins at `offset`.
    ///
    /// - Parameters:
    ///   - hertz: jiffies a second of this kernel; 0 unknown, which leaves the times out.
    ///   - socket: the socket that it is of, which some numbers follow from.
    public static func decode(_ bytes: RawSpan, at offset: Int, hertz: UInt32, of socket: TCPSocket)
        throws(RecordError) -> SocketDetails
    {
        guard bytes.byteCount - offset >= size else {
            throw .truncated(needed: size, got: bytes.byteCount - offset)
        }
        // The length was just checked, and any bit pattern is a valid unstuck_detail.
        let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: unstuck_detail.self)
        var details = SocketDetails()
        let jiffies = Jiffies(hertz: hertz)
        let substate = TCPState(rawValue: raw.substate)
        if raw.substate != 0, substate != .timeWait { details.substate = substate }
        if raw.has(UNSTUCK_DETAIL_TIMER) { details.timer = timer(raw, jiffies) }
        if raw.has(UNSTUCK_DETAIL_SOCKET) {
            details.mark = raw.mark
            details.uid = raw.uid
            details.shutdown = raw.shutdown
            details.memory = memory(raw)
        }
        guard raw.has(UNSTUCK_DETAIL_CONNECTION) else { return details }
        addDelays(raw, jiffies, &details)
        // Not set yet before the handshake.
        if socket.socket.state == .synSent { details.millisecondsSinceAck = nil }
        addWindows(raw, &details)
        addRates(raw, jiffies, &details)
        details.bytesRetransmitted = raw.bytes_retransmitted
        details.dataSegmentsOut = raw.data_segments_out
        details.dataSegmentsIn = raw.data_segments_in
        details.retransmittedNow = raw.retransmits_out
        details.lost = raw.lost
        details.selectivelyAcked = raw.sacked
        details.duplicatesReported = raw.dsack_duplicates
        details.reordering = raw.reordering
        details.reorderingSeen = raw.reorder_seen
        details.outOfOrder = raw.out_of_order
        details.congestionState = raw.congestion_state
        details.retransmitsInRow = raw.retransmits
        details.probesInRow = raw.probes
        if let written = socket.writeSequence, let next = socket.sendNext {
            let left = Int32(bitPattern: written &- next)
            details.notSent = UInt32(max(0, left))
        }
        return details
    }

    private struct Jiffies {
        var hertz: UInt32

        func microseconds(_ count: UInt64) -> UInt64? {
            hertz == 0 ? nil : count * 1_000_000 / UInt64(hertz)
        }

        func microseconds(_ count: UInt32) -> UInt32? {
            microseconds(UInt64(count)).map { UInt32(clamping: $0) }
        }

        func milliseconds(_ count: UInt32) -> UInt32? {
            microseconds(UInt64(count)).map { UInt32(clamping: $0 / 1000) }
        }
    }

    private static func timer(_ raw: unstuck_detail, _ jiffies: Jiffies) -> SocketDetails.Timer? {
        guard let kind = SocketDetails.Timer.Kind(rawValue: raw.timer) else { return nil }
        guard kind != .none else { return SocketDetails.Timer(kind: .none, left: nil, count: 0) }
        let left = UInt32(max(0, Int32(bitPattern: raw.timer_left)))
        return SocketDetails.Timer(kind: kind, left: jiffies.milliseconds(left), count: raw.timer_count)
    }

    private static func memory(_ raw: unstuck_detail) -> SocketDetails.Memory {
        let numbers = raw.memory
        // What is allocated ahead may be less than nothing for a moment.
        return SocketDetails.Memory(
            receive: numbers.0, receiveBuffer: numbers.1, transmit: numbers.2, sendBuffer: numbers.3,
            forward: UInt32(max(0, Int32(bitPattern: numbers.4))), writeQueue: numbers.5, optional: numbers.6,
            backlog: numbers.7, drops: numbers.8)
    }

    private static func addDelays(_ raw: unstuck_detail, _ jiffies: Jiffies, _ details: inout SocketDetails) {
        details.retransmissionTimeout = jiffies.microseconds(raw.rto)
        details.acknowledgementDelay = jiffies.microseconds(raw.ato)
        details.roundTrip = raw.srtt >> 3
        details.roundTripVariance = raw.mdev >> 2
        details.smallestRoundTrip = raw.min_rtt == .max ? nil : raw.min_rtt
        details.receiverRoundTrip = raw.receive_rtt >> 3
        // Its clock was read before the socket's: an acknowledgement may have come meanwhile.
        details.millisecondsSinceAck =
            raw.since_ack.isJustNow(within: jiffies.hertz) ? 0 : jiffies.milliseconds(raw.since_ack)
    }

    private static func addWindows(_ raw: unstuck_detail, _ details: inout SocketDetails) {
        details.segmentSize = raw.mss
        details.receivedSegmentSize = raw.receive_mss
        details.advertisedSegmentSize = raw.advertised_mss
        details.pathMTU = raw.path_mtu
        details.congestionWindow = raw.window
        details.slowStartThreshold = raw.threshold >= SocketDetails.noThreshold ? nil : raw.threshold
        details.receiveThreshold = raw.receive_threshold
        details.receiveSpace = raw.receive_space
        details.options = raw.options
        if raw.options & 4 != 0 {  // TCPI_OPT_WSCALE
            details.sendScale = raw.send_scale
            details.receiveScale = raw.receive_scale
        }
        details.congestionControl = unsafe withUnsafeBytes(of: raw.congestion) { bytes in
            // The array has sixteen bytes.
            let low = unsafe bytes.loadUnaligned(as: UInt64.self)
            let high = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            return SocketDetails.CongestionControl(low: low.littleEndian, high: high.littleEndian)
        }
    }

    private static func addRates(_ raw: unstuck_detail, _ jiffies: Jiffies, _ details: inout SocketDetails) {
        details.pacingRate = raw.pacing_rate
        details.largestPacingRate = raw.max_pacing_rate
        // tcp_compute_delivery_rate
        details.deliveryRate =
            raw.rate_delivered == 0 || raw.rate_interval == 0
            ? 0 : UInt64(raw.rate_delivered) * UInt64(raw.mss) &* 1_000_000 / UInt64(raw.rate_interval)
        details.isApplicationLimited = raw.app_limited != 0
        details.delivered = raw.delivered
        details.deliveredWithCongestion = raw.delivered_ce
        // tcp_get_info_chrono_stats: the part that is running counts, too.
        func part(_ number: UInt8, _ stored: UInt32) -> UInt64 {
            let running = raw.chrono_running.isJustNow(within: jiffies.hertz) ? 0 : raw.chrono_running
            return UInt64(stored) + (raw.chrono_type == number ? UInt64(running) : 0)
        }
        let (busy, window, buffer) = (part(1, raw.chrono.0), part(2, raw.chrono.1), part(3, raw.chrono.2))
        details.busy = jiffies.microseconds(busy + window + buffer)
        details.windowLimited = jiffies.microseconds(window)
        details.bufferLimited = jiffies.microseconds(buffer)
    }
}

extension unstuck_detail {
    fileprivate func has(_ flag: Int) -> Bool { Int(has) & flag != 0 }
}

/// A socket's record with its details behind it: `struct unstuck_inspected_tcp`, `struct unstuck_inspected_owned`.
public enum InspectedRecord {
    /// Bytes of a record of the hash tables, and of one of a descriptor.
    public static let tableSize = MemoryLayout<unstuck_inspected_tcp>.size
    public static let ownedSize = MemoryLayout<unstuck_inspected_owned>.size
    private static let tableOffset = MemoryLayout<unstuck_inspected_tcp>.offset(of: \.detail) ?? 0
    private static let ownedOffset = MemoryLayout<unstuck_inspected_owned>.offset(of: \.detail) ?? 0

    /// Decodes the record of a hash table that begins at `offset`: of a full socket, or of what is left of one.
    public static func decodeOfTable(_ bytes: RawSpan, at offset: Int, hertz: UInt32, protos: inout ProtoTable)
        throws(RecordError) -> (TCPSocket, SocketDetails)
    {
        var socket = try TCPRecord.decode(bytes, at: offset, hertz: hertz, protos: &protos)
        let details = try DetailRecord.decode(bytes, at: offset + tableOffset, hertz: hertz, of: socket)
        if socket.socket.state == .timeWait || socket.socket.state == .newSynReceived {
            // Such a socket has no counters, and its record has zeros for them.
            socket = TCPSocket(socket: socket.socket)
        }
        return (socket, details)
    }

    /// Decodes the record of a descriptor that begins at `offset`.
    public static func decodeOwned(_ bytes: RawSpan, at offset: Int, hertz: UInt32, protos: inout ProtoTable)
        throws(RecordError) -> (TCPSocket, SocketDetails)
    {
        let socket = try TCPRecord.decode(bytes, at: offset, hertz: hertz, protos: &protos)
        return (socket, try DetailRecord.decode(bytes, at: offset + ownedOffset, hertz: hertz, of: socket))
    }
}
