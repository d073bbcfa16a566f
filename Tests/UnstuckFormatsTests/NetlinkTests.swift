import Testing
import UnstuckFormats
import UnstuckModel

/// Messages as Linux 6.18 wrote them, header by header.
@Suite("Netlink messages")
struct NetlinkTests {
    /// Bytes from hex; what follows `//` is a comment.
    static func hex(_ text: String) -> [UInt8] {
        text.split(separator: "\n").flatMap { line in
            (line.split(separator: "/", omittingEmptySubsequences: false).first ?? "").split(separator: " ")
                .compactMap { UInt8($0, radix: 16) }
        }
    }

    /// An accepted IPv4 connection to which five bytes came.
    static let v4 =
        hex(
            """
            // struct nlmsghdr
            c0 01 00 00                                      // nlmsg_len 448
            14 00                                            // nlmsg_type SOCK_DIAG_BY_FAMILY
            00 00                                            // nlmsg_flags
            07 00 00 00                                      // nlmsg_seq 7
            64 3c 00 00                                      // nlmsg_pid
            // struct inet_diag_msg
            02 01 00 00                                      // AF_INET, TCP_ESTABLISHED, no timer, no retransmit
            96 a9 a1 4c                                      // ports 38569, 41292 in network order
            7f 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00  // idiag_src
            7f 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00  // idiag_dst
            00 00 00 00                                      // idiag_if
            2d b8 02 00 00 00 00 00                          // idiag_cookie
            00 00 00 00 05 00 00 00 00 00 00 00              // expires 0, rqueue 5, wqueue 0
            00 00 00 00 5b 26 09 00                          // uid 0, inode 599643
            // attributes
            05 00 08 00 00 00 00 00                          // INET_DIAG_SHUTDOWN, one byte and padding
            08 00 0f 00 00 00 00 00                          // INET_DIAG_MARK
            0c 00 15 00 01 00 00 00 00 00 00 00              // INET_DIAG_CGROUP_ID 1
            06 00 16 00 52 00 00 00                          // INET_DIAG_SOCKOPT
            28 00 07 00                                      // INET_DIAG_SKMEMINFO, nine numbers
            45 03 00 00 00 00 02 00 00 00 00 00 00 1e 3c 00  //   rmem_alloc 837, rcvbuf 131072, wmem_alloc 0, sndbuf
            bb 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00  //   fwd_alloc, wmem_queued, optmem, backlog
            00 00 00 00                                      //   drops
            """) + tcpInfo

    /// INET_DIAG_INFO: a nlattr and 280 bytes of struct tcp_info.
    static let tcpInfo = hex(
        """
        1c 01 02 00                                      // nla_len 284, INET_DIAG_INFO
        01 00 00 00 00 07 aa 01 40 0d 03 00 40 9c 00 00  // state …, backoff 0, options, scales; rto, ato
        00 80 00 00 18 02 00 00 00 00 00 00 00 00 00 00  // snd_mss, rcv_mss, unacked 0, sacked
        00 00 00 00 00 00 00 00 00 00 00 00 34 00 00 00  // lost, retrans, fackets, last_data_sent 52
        00 00 00 00 34 00 00 00 34 00 00 00 ff ff 00 00  // last_ack_sent, last_data_recv 52, last_ack_recv, pmtu
        cb ff 00 00 18 00 00 00 0c 00 00 00 ff ff ff 7f  // rcv_ssthresh, rtt, rttvar, snd_ssthresh
        0a 00 00 00 cb ff 00 00 03 00 00 00 00 00 00 00  // snd_cwnd, advmss, reordering, rcv_rtt
        cb ff 00 00 00 00 00 00 76 af b9 15 09 00 00 00  // rcv_space, total_retrans 0, pacing_rate
        ff ff ff ff ff ff ff ff 00 00 00 00 00 00 00 00  // max_pacing_rate, bytes_acked 0
        05 00 00 00 00 00 00 00 01 00 00 00 03 00 00 00  // bytes_received 5, segs_out 1, segs_in 3
        00 00 00 00 18 00 00 00 01 00 00 00 00 00 00 00  // notsent_bytes, min_rtt, data_segs_in, data_segs_out
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // delivery_rate, busy_time
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // rwnd_limited, sndbuf_limited
        01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // delivered, delivered_ce, bytes_sent 0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // bytes_retrans, dsack_dups, reord_seen
        00 00 00 00 00 00 01 00 00 00 01 00 00 00 00 00  // rcv_ooopack, snd_wnd 65536, rcv_wnd 65536, rehash
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00                          // what newer kernels know
        """)

    static let listeningV6 = hex(
        """
        58 00 00 00 14 00 02 00 09 00 00 00 00 00 00 00  // nlmsghdr: 88 bytes, NLM_F_MULTI, seq 9
        0a 0a 00 00 1f 90 00 00                          // AF_INET6, TCP_LISTEN; ports 8080, 0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01  // ::1
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 01 00 00 00 02 00 00 00              // interface; cookie 0x200000001
        00 00 00 00 03 00 00 00 80 00 00 00              // expires; 3 wait for accept, backlog 128
        e8 03 00 00 11 00 00 00                          // uid 1000, inode 17
        """)

    static func socket(_ bytes: [UInt8]) throws -> DiagSocket {
        let span = unsafe bytes.span.bytes
        let message = try #require(try NetlinkMessage.decode(span).first)
        return try DiagSocket.decode(span, in: message.payload)
    }

    @Test func decodesAConnection() throws {
        let span = unsafe Self.v4.span.bytes
        let messages = try NetlinkMessage.decode(span)
        #expect(messages.count == 1)
        #expect(messages.first?.kind == .data(type: 20))
        #expect(messages.first?.sequence == 7)
        #expect(messages.first?.isInterrupted == false)
        #expect(messages.first?.payload == 16..<448)
        let socket = try Self.socket(Self.v4)
        #expect(socket.tuple.description == "127.0.0.1:38569 -> 127.0.0.1:41292")
        #expect(socket.state == .established)
        #expect(socket.cookie == 0x2_b82d)
        #expect(socket.inode == 599_643)
        #expect(socket.receiveQueue == 5)
        #expect(socket.sendQueue == 0)
        #expect(socket.cgroup == 1)
        #expect(socket.memory?.count == 9)
        #expect(socket.memory?.first == 837)
        // What nobody reads keeps its number and its bytes.
        #expect(socket.others.map(\.number) == [22])
        #expect(socket.details.shutdown == 0)
        #expect(socket.details.mark == 0)
        #expect(socket.others.last?.bytes == [0x52, 0])
        let info = try #require(socket.info)
        #expect(info.backoff == 0)
        #expect(info.lastDataSent == 52)
        #expect(info.bytesReceived == 5)
        #expect(info.bytesAcked == 0)
        #expect(info.bytesSent == 0)
        #expect(info.segmentsOut == 1)
        #expect(info.segmentsIn == 3)
        #expect(info.sendWindow == 65536)
        #expect(info.receiveWindow == 65536)
        let known = socket.socket(netns: 4_026_531_840)
        #expect(known.receiveQueue == 5)
        #expect(known.sendNext == nil)
        #expect(known.socket.identity == SocketIdentity(address: 0, cookie: 0x2_b82d))
        #expect(known.socket.hasSocket)
    }

    /// tcp_info as a kernel before 4.2 has it ends with total_retrans; INET_DIAG of a time-wait socket has none at all.
    @Test func whatIsNotToldIsNotZero() throws {
        let start = Self.v4.count - Self.tcpInfo.count
        var bytes = Array(Self.v4[..<start])
        let none = try Self.socket(Self.lengthSet(bytes)).socket(netns: 1)
        #expect(none.retransmits == nil && none.backoff == nil && none.packetsInFlight == nil)
        #expect(none.millisecondsSinceSend == nil && none.millisecondsSinceReceive == nil)

        let short = 104
        bytes += [UInt8(short + 4), 0, 2, 0] + Self.tcpInfo[4..<(4 + short)]
        let some = try Self.socket(Self.lengthSet(bytes)).socket(netns: 1)
        #expect(some.retransmits == 0 && some.backoff == 0 && some.packetsInFlight == 0)
        #expect(some.millisecondsSinceSend == 52)
        #expect(some.bytesReceived == nil && some.segmentsOut == nil && some.sendWindow == nil)
    }

    /// nlmsg_len says how long it is.
    private static func lengthSet(_ bytes: [UInt8]) -> [UInt8] {
        unsafe withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { unsafe Array($0) } + bytes[4...]
    }

    @Test func decodesAListener() throws {
        let socket = try Self.socket(Self.listeningV6)
        #expect(socket.tuple.local.description == "[::1]:8080")
        #expect(socket.tuple.remote.port == 0)
        #expect(socket.cookie == 0x2_0000_0001)
        #expect(socket.uid == 1000)
        #expect(socket.info == nil)
        #expect(socket.cgroup == nil)
        #expect(socket.memory == nil)
        let known = socket.socket(netns: 1)
        #expect(known.acceptQueue == 3)
        #expect(known.acceptLimit == 128)
        #expect(known.bytesReceived == nil)
    }

    /// Two messages in one datagram, then the end of the dump; the flag of either is its own.
    @Test func walksADatagram() throws {
        var interrupted = Self.listeningV6
        interrupted[6] |= 0x10
        let done = Self.hex("14 00 00 00 03 00 02 00 09 00 00 00 00 00 00 00 00 00 00 00")
        let span = Self.listeningV6 + interrupted + done
        let messages = try NetlinkMessage.decode(unsafe span.span.bytes)
        #expect(messages.map(\.kind) == [.data(type: 20), .data(type: 20), .done(errno: 0)])
        #expect(messages.map(\.isInterrupted) == [false, true, false])
    }

    @Test(arguments: [
        // NLMSG_ERROR: a negative errno and the head of the request; 0 is an acknowledgement.
        (
            "24 00 00 00 02 00 00 00 01 00 00 00 00 00 00 00 fe ff ff ff 48 00 00 00 14 00 01 03 01 00 00 00 00 00 00 00",
            NetlinkMessage.Kind.error(errno: 2)
        ),
        (
            "24 00 00 00 02 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 48 00 00 00 14 00 01 03 01 00 00 00 00 00 00 00",
            .error(errno: 0)
        ),
        // What is no negative number is no errno; the smallest number has no opposite.
        ("14 00 00 00 02 00 00 00 01 00 00 00 00 00 00 00 05 00 00 00", .error(errno: 0)),
        ("14 00 00 00 02 00 00 00 01 00 00 00 00 00 00 00 00 00 00 80", .error(errno: .min)),
        // NLMSG_DONE: EINTR broke the dump off; an old kernel says nothing.
        ("14 00 00 00 03 00 02 00 01 00 00 00 00 00 00 00 fc ff ff ff", .done(errno: 4)),
        ("10 00 00 00 03 00 02 00 01 00 00 00 00 00 00 00", .done(errno: 0)),
        ("10 00 00 00 01 00 00 00 01 00 00 00 00 00 00 00", .noop),
        ("10 00 00 00 04 00 00 00 01 00 00 00 00 00 00 00", .overrun),
    ])
    func readsControl(_ text: String, _ kind: NetlinkMessage.Kind) throws {
        let bytes = Self.hex(text)
        #expect(try NetlinkMessage.decode(unsafe bytes.span.bytes).map(\.kind) == [kind])
    }

    /// Cut off at every byte: an error, or fewer messages; never a crash, never a made-up value.
    @Test func refusesTruncation() throws {
        for length in 1..<Self.v4.count {
            let bytes = Array(Self.v4[..<length])
            #expect(throws: NetlinkError.self, "\(length)") { try NetlinkMessage.decode(unsafe bytes.span.bytes) }
        }
        for length in 0..<72 {
            let span = unsafe Self.v4.span.bytes
            #expect(throws: NetlinkError.self, "\(length)") { try DiagSocket.decode(span, in: 16..<16 + length) }
        }
        // Behind the fixed part it ends between two attributes, or inside one.
        let ends: Set<Int> = [88, 96, 104, 116, 124, 164, 448]
        for end in 88...448 {
            let span = unsafe Self.v4.span.bytes
            let isWhole = ends.contains(end) || [93, 94, 95, 122, 123].contains(end)  // padding may be missing
            #expect(((try? DiagSocket.decode(span, in: 16..<end)) != nil) == isWhole, "\(end)")
        }
    }

    /// A length of 0, or one that is shorter than its header, would never be got past.
    @Test func refusesLengthsThatDoNotAdvance() {
        for length in [0, 1, 15] as [UInt8] {
            var bytes = Self.listeningV6
            bytes[0] = length
            #expect(throws: NetlinkError.badLength(part: "nlmsghdr", Int(length))) {
                try NetlinkMessage.decode(unsafe bytes.span.bytes)
            }
        }
        for length in [0, 3] as [UInt8] {
            var bytes = Self.v4
            bytes[88] = length
            #expect(throws: NetlinkError.badLength(part: "nlattr", Int(length))) { try Self.socket(bytes) }
        }
    }

    @Test func refusesLengthsBeyondTheEnd() {
        for high in [1, 0x7F, 0xFF] as [UInt8] {
            var bytes = Self.listeningV6
            bytes[3] = high
            #expect(throws: NetlinkError.self) { try NetlinkMessage.decode(unsafe bytes.span.bytes) }
            bytes = Self.v4
            bytes[165] = 0xFF
            #expect(throws: NetlinkError.self) { try Self.socket(bytes) }
        }
    }

    /// Linux 2.6.32 knew 104 bytes of tcp_info, 4.1 136: what was not there yet is unknown, and not 0.
    @Test(arguments: [0, 1, 104, 127, 128, 135, 136, 144, 208, 228, 232, 236, 280])
    func readsAShortTCPInfo(_ size: Int) throws {
        let bytes = Array(Self.tcpInfo[4..<4 + size])
        let info = TCPInfo.decode(unsafe bytes.span.bytes, in: 0..<size)
        #expect(info.lastDataSent == (size >= 48 ? 52 : nil))
        #expect(info.totalRetransmits == (size >= 104 ? 0 : nil))
        #expect(info.bytesAcked == (size >= 128 ? 0 : nil))
        #expect(info.bytesReceived == (size >= 136 ? 5 : nil))
        #expect(info.segmentsIn == (size >= 144 ? 3 : nil))
        #expect(info.bytesSent == (size >= 208 ? 0 : nil))
        #expect(info.sendWindow == (size >= 232 ? 65536 : nil))
        #expect(info.receiveWindow == (size >= 236 ? 65536 : nil))
    }

    /// An attribute that is shorter than what it should hold: an error for a number, less for a list.
    @Test func readsShortAttributes() throws {
        var bytes = Self.v4
        // INET_DIAG_CGROUP_ID, four bytes of eight; the other four are then read as an attribute of length 0.
        bytes[104] = 8
        #expect(throws: NetlinkError.self) { try Self.socket(bytes) }
        let short = Self.hex(
            """
            07 00 07 00 01 02 03 00                      // INET_DIAG_SKMEMINFO with three bytes: no number
            0a 00 07 00 01 00 00 00 02 00 00 00          // with six: one number
            """)
        for (range, memory) in [(0..<8, []), (8..<20, [1])] as [(Range<Int>, [UInt32])] {
            let message = Array(Self.listeningV6[16...]) + short[range]
            #expect(try DiagSocket.decode(unsafe message.span.bytes, in: 0..<message.count).memory == memory)
        }
    }

    @Test func asksForOneSocket() throws {
        let tuple = try FourTuple(
            local: #require(Endpoint("192.0.2.1:8080")), remote: #require(Endpoint("203.0.113.7:50504")))
        let expected = Self.hex(
            """
            48 00 00 00 15 00 05 00 03 00 00 00 00 00 00 00  // 72 bytes, SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, seq 3
            02 06 00 00 ff ff ff ff                          // AF_INET, IPPROTO_TCP, no extras; every state
            1f 90 c5 48                                      // ports
            c0 00 02 01 00 00 00 00 00 00 00 00 00 00 00 00
            cb 00 71 07 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 78 56 34 12 01 00 00 00              // interface; cookie 0x112345678
            """)
        #expect(DiagRequest.destroy(tuple, cookie: 0x1_1234_5678, sequence: 3) == expected)
        var described = expected
        described[4] = 0x14  // SOCK_DIAG_BY_FAMILY
        described[6] = 1  // NLM_F_REQUEST
        described.replaceSubrange(64..., with: [UInt8](repeating: 0xFF, count: 8))  // INET_DIAG_NOCOOKIE
        #expect(DiagRequest.describe(tuple, sequence: 3) == described)
        let dump = DiagRequest.dump(sequence: 4)
        #expect(
            Array(dump[..<20]) == Self.hex("4c 00 00 00 12 00 01 03 04 00 00 00 00 00 00 00 02 00 00 42"))
        #expect(dump[20..<68].allSatisfy { $0 == 0 })  // struct inet_diag_sockid
        #expect(Array(dump[68...]) == Self.hex("ff ff ff ff 00 00 00 00"))  // every state
    }
}
