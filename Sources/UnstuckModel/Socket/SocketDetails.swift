/// What `unstuck sockets` shows of a TCP socket beside its counters (``TCPSocket``): the members of the kernel's `struct tcp_info`,
/// its timer, memory and owner's uid.
///
/// What was not read, or does not apply, is `nil`, never 0: an old kernel's tcp_info is short, a listener has no round-trip time.
public struct SocketDetails: Hashable, Sendable {
    public var timer: Timer?
    /// Microseconds: retransmission timeout, and the delay of an acknowledgement.
    public var retransmissionTimeout: UInt32?
    public var acknowledgementDelay: UInt32?
    /// Microseconds: smoothed round-trip time, its mean deviation, the smallest one, and the receiver's estimate.
    public var roundTrip: UInt32?
    public var roundTripVariance: UInt32?
    public var smallestRoundTrip: UInt32?
    public var receiverRoundTrip: UInt32?
    /// Bytes.
    public var segmentSize: UInt32?
    public var receivedSegmentSize: UInt32?
    public var advertisedSegmentSize: UInt32?
    public var pathMTU: UInt32?
    /// Segments: congestion window (`snd_cwnd`) and slow start threshold; `nil` where there is none yet.
    public var congestionWindow: UInt32?
    public var slowStartThreshold: UInt32?
    /// Bytes.
    public var receiveThreshold: UInt32?
    public var receiveSpace: UInt32?
    public var bytesRetransmitted: UInt64?
    public var notSent: UInt32?
    public var dataSegmentsOut: UInt32?
    public var dataSegmentsIn: UInt32?
    /// Since the last acknowledgement arrived.
    public var millisecondsSinceAck: UInt32?
    /// Bytes a second; a pacing rate without a limit is `UInt64.max`.
    public var pacingRate: UInt64?
    public var largestPacingRate: UInt64?
    public var deliveryRate: UInt64?
    /// The delivery rate was limited by the application.
    public var isApplicationLimited: Bool?
    public var delivered: UInt32?
    public var deliveredWithCongestion: UInt32?
    /// Microseconds with unsent or unacknowledged bytes, and of these, held up by the peer's window and by the send buffer.
    public var busy: UInt64?
    public var windowLimited: UInt64?
    public var bufferLimited: UInt64?
    /// Segments that are retransmitted, taken for lost, and selectively acknowledged, now.
    public var retransmittedNow: UInt32?
    public var lost: UInt32?
    public var selectivelyAcked: UInt32?
    public var duplicatesReported: UInt32?
    public var reordering: UInt32?
    public var reorderingSeen: UInt32?
    public var outOfOrder: UInt32?
    public var memory: Memory?
    public var mark: UInt32?
    public var uid: UInt32?
    /// `TCPI_OPT_*` (include/uapi/linux/tcp.h).
    public var options: UInt8?
    /// Window scales; `nil` where they were not agreed on.
    public var sendScale: UInt8?
    public var receiveScale: UInt8?
    /// `enum tcp_ca_state`: 0 open, 1 disorder, 2 cwr, 3 recovery, 4 loss.
    public var congestionState: UInt8?
    /// Retransmits and window probes in a row.
    public var retransmitsInRow: UInt8?
    public var probesInRow: UInt8?
    /// 1: nothing more is read; 2: nothing more is sent.
    public var shutdown: UInt8?
    public var congestionControl: CongestionControl?
    /// Of TIME_WAIT: what it stands for, where that is another state (FIN_WAIT2 that nobody holds any more).
    public var substate: TCPState?

    public init() {}

    /// The timer that is running, as `ss -o` chooses it.
    public struct Timer: Hashable, Sendable {
        public enum Kind: UInt8, Sendable, CaseIterable {
            case none = 0
            case retransmit = 1
            case keepalive = 2
            case timeWait = 3
            /// Of a peer's window that is shut.
            case probe = 4

            /// As `ss` calls it.
            public var name: StaticString {
                switch self {
                case .none: "none"
                case .retransmit: "on"
                case .keepalive: "keepalive"
                case .timeWait: "timewait"
                case .probe: "persist"
                }
            }
        }
        public var kind: Kind
        /// Milliseconds; 0 where it is due.
        public var left: UInt32?
        /// Times in a row that it led to something: retransmits, or probes.
        public var count: UInt8

        public init(kind: Kind, left: UInt32?, count: UInt8) {
            self.kind = kind
            self.left = left
            self.count = count
        }
    }

    /// Bytes, as `skmem` of ss; drops are packets.
    public struct Memory: Hashable, Sendable {
        public var receive: UInt32
        public var receiveBuffer: UInt32
        public var transmit: UInt32
        public var sendBuffer: UInt32
        public var forward: UInt32
        public var writeQueue: UInt32
        public var optional: UInt32
        public var backlog: UInt32
        /// `nil`: older kernels do not report it.
        public var drops: UInt32?

        /// - Parameter numbers: in the order of `enum SK_MEMINFO_…` (include/uapi/linux/sock_diag.h); fewer than eight are none.
        public init?(_ numbers: [UInt32]) {
            guard numbers.count >= 8 else { return nil }
            receive = numbers[0]
            receiveBuffer = numbers[1]
            transmit = numbers[2]
            sendBuffer = numbers[3]
            forward = numbers[4]
            writeQueue = numbers[5]
            optional = numbers[6]
            backlog = numbers[7]
            drops = numbers.count > 8 ? numbers[8] : nil
        }

        /// - Parameter drops: packets.
        public init(
            receive: UInt32, receiveBuffer: UInt32, transmit: UInt32, sendBuffer: UInt32, forward: UInt32,
            writeQueue: UInt32, optional: UInt32, backlog: UInt32, drops: UInt32?
        ) {
            self.receive = receive
            self.receiveBuffer = receiveBuffer
            self.transmit = transmit
            self.sendBuffer = sendBuffer
            self.forward = forward
            self.writeQueue = writeQueue
            self.optional = optional
            self.backlog = backlog
            self.drops = drops
        }
    }

    /// A name of at most 15 bytes (`TCP_CA_NAME_MAX`), kept without memory of its own: any bytes may stand in it.
    public struct CongestionControl: Hashable, Sendable {
        private let low: UInt64
        private let high: UInt64

        /// - Parameters: the bytes as two little-endian numbers, NUL-padded.
        public init?(low: UInt64, high: UInt64) {
            guard low & 0xFF != 0 else { return nil }
            self.low = low
            self.high = high
        }

        public init?(_ name: String) {
            var words: (UInt64, UInt64) = (0, 0)
            for (index, byte) in name.utf8.prefix(15).enumerated() {
                if index < 8 {
                    words.0 |= UInt64(byte) << (8 * index)
                } else {
                    words.1 |= UInt64(byte) << (8 * (index - 8))
                }
            }
            self.init(low: words.0, high: words.1)
        }

        public var name: String {
            let bytes = (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? low : high) >> (8 * ($0 % 8))) }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

extension SocketDetails {
    /// `TCP_INFINITE_SSTHRESH` (include/net/tcp.h): slow start has not ended yet.
    public static let noThreshold: UInt32 = 0x7FFF_FFFF
    /// `TCPI_OPT_*`, by the names that `ss` has for them.
    public static let optionNames: [(bit: UInt8, name: StaticString)] = [
        (1, "ts"), (2, "sack"), (4, "wscale"), (8, "ecn"), (16, "ecnseen"), (32, "fastopen"),
    ]
    /// `enum tcp_ca_state` (include/uapi/linux/tcp.h).
    public static let congestionStates: [StaticString] = ["open", "disorder", "cwr", "recovery", "loss"]
}
