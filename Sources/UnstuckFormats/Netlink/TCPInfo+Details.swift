import CNetlinkUAPI
import UnstuckModel

extension TCPInfo {
    /// What a connection's `struct tcp_info` holds for ``SocketDetails``.
    func add(to details: inout SocketDetails) {
        addDelays(&details)
        addWindows(&details)
        addProgress(&details)
        details.options = field(\.options)
        // Two numbers of four bits; the lower one is the peer's (struct tcp_info: tcpi_snd_wscale : 4, tcpi_rcv_wscale : 4).
        if let options = details.options, options & 4 != 0, let scales = field(\.scales) {
            #if _endian(little)
                (details.sendScale, details.receiveScale) = (scales & 15, scales >> 4)
            #else
                (details.sendScale, details.receiveScale) = (scales >> 4, scales & 15)
            #endif
        }
        details.congestionState = field(\.ca_state)
        details.retransmitsInRow = field(\.retransmits)
        details.probesInRow = field(\.probes)
    }

    private func addDelays(_ details: inout SocketDetails) {
        details.retransmissionTimeout = field(\.rto)
        details.acknowledgementDelay = field(\.ato)
        details.roundTrip = field(\.rtt)
        details.roundTripVariance = field(\.rttvar)
        details.smallestRoundTrip = field(\.min_rtt).flatMap { $0 == .max ? nil : $0 }
        details.receiverRoundTrip = field(\.rcv_rtt)
        details.millisecondsSinceAck = field(\.last_ack_recv).map { $0.isJustNow(within: 1000) ? 0 : $0 }
    }

    private func addWindows(_ details: inout SocketDetails) {
        details.segmentSize = field(\.snd_mss)
        details.receivedSegmentSize = field(\.rcv_mss)
        details.advertisedSegmentSize = field(\.advmss)
        details.pathMTU = field(\.pmtu)
        details.congestionWindow = field(\.snd_cwnd)
        details.slowStartThreshold = field(\.snd_ssthresh).flatMap { $0 >= SocketDetails.noThreshold ? nil : $0 }
        details.receiveThreshold = field(\.rcv_ssthresh)
        details.receiveSpace = field(\.rcv_space)
        details.notSent = field(\.notsent_bytes)
    }

    private func addProgress(_ details: inout SocketDetails) {
        details.bytesRetransmitted = field(\.bytes_retrans)
        details.dataSegmentsOut = field(\.data_segs_out)
        details.dataSegmentsIn = field(\.data_segs_in)
        details.pacingRate = field(\.pacing_rate)
        details.largestPacingRate = field(\.max_pacing_rate)
        details.deliveryRate = field(\.delivery_rate)
        // The first bit behind the scales.
        #if _endian(little)
            let isLimited: UInt8 = 1
        #else
            let isLimited: UInt8 = 0x80
        #endif
        details.isApplicationLimited = field(\.delivery_rate) == nil ? nil : field(\.flags).map { $0 & isLimited != 0 }
        details.delivered = field(\.delivered)
        details.deliveredWithCongestion = field(\.delivered_ce)
        details.busy = field(\.busy_time)
        details.windowLimited = field(\.rwnd_limited)
        details.bufferLimited = field(\.sndbuf_limited)
        details.retransmittedNow = field(\.retrans)
        details.lost = field(\.lost)
        details.selectivelyAcked = field(\.sacked)
        details.duplicatesReported = field(\.dsack_dups)
        details.reordering = field(\.reordering)
        details.reorderingSeen = field(\.reord_seen)
        details.outOfOrder = field(\.rcv_ooopack)
    }
}

extension DiagSocket {
    /// What this way knows of a socket beside its counters.
    public var details: SocketDetails {
        var details = SocketDetails()
        // A listener has none that anything is known of.
        if state != .listen, let kind = SocketDetails.Timer.Kind(rawValue: timer) {
            details.timer = SocketDetails.Timer(
                kind: kind, left: kind == .none ? nil : timerLeft, count: kind == .none ? 0 : timerCount)
        }
        let isMini = state == .timeWait || timer == SocketDetails.Timer.Kind.timeWait.rawValue || state == .synReceived
        if !isMini { details.uid = uid }
        details.memory = memory.flatMap { SocketDetails.Memory($0) }
        details.mark = mark
        details.shutdown = shutdown
        guard state != .listen else { return details }
        details.congestionControl = congestion.flatMap { SocketDetails.CongestionControl($0) }
        info?.add(to: &details)
        // Not set yet before the handshake.
        if state == .synSent { details.millisecondsSinceAck = nil }
        return details
    }
}
