import Testing
import UnstuckFormats
import UnstuckModel

/// Answers of NETLINK_ROUTE, header by header.
@Suite("Netlink messages about links")
struct RouteMessageTests {
    /// One end of a veth pair whose other end is in another namespace.
    static let link =
        NetlinkTests.hex(
            """
            e4 00 00 00 10 00 02 00 05 00 00 00 01 00 00 00  // nlmsghdr: 228 bytes, RTM_NEWLINK, NLM_F_MULTI, seq 5
            // struct ifinfomsg
            00 00 01 00 07 00 00 00 43 10 01 00 00 00 00 00  // ARPHRD_ETHER, index 7, IFF_UP and others, no change
            0a 00 03 00 76 65 74 68 61 00 00 00              // IFLA_IFNAME "vetha", NUL, padding
            08 00 04 00 dc 05 00 00                          // IFLA_MTU 1500
            05 00 10 00 06 00 00 00                          // IFLA_OPERSTATE up
            05 00 21 00 01 00 00 00                          // IFLA_CARRIER 1
            0a 00 01 00 02 42 ac 11 00 02 00 00              // IFLA_ADDRESS
            08 00 05 00 03 00 00 00                          // IFLA_LINK 3
            08 00 25 00 02 00 00 00                          // IFLA_LINK_NETNSID 2
            08 00 0a 00 09 00 00 00                          // IFLA_MASTER 9
            08 00 63 00 01 02 03 04                          // an attribute that nobody knows
            10 00 12 80                                      // IFLA_LINKINFO, nested
            09 00 01 00 76 65 74 68 00 00 00 00              //   IFLA_INFO_KIND "veth"
            """)
        + NetlinkTests.hex(
            """
            64 00 17 00                                      // IFLA_STATS64, 96 of its bytes
            01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00  // packets received, sent
            03 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00  // bytes
            05 00 00 00 00 00 00 00 06 00 00 00 00 00 00 00  // errors
            07 00 00 00 00 00 00 00 08 00 00 00 00 00 00 00  // drops
            ff ff ff ff ff ff ff ff 00 00 00 00 00 00 00 00  // multicast and more
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            """)

    static let qdisc = NetlinkTests.hex(
        """
        68 00 00 00 24 00 02 00 06 00 00 00 01 00 00 00  // nlmsghdr: 104 bytes, RTM_NEWQDISC, NLM_F_MULTI, seq 6
        // struct tcmsg
        00 00 00 00 07 00 00 00 00 00 01 80 ff ff ff ff  // index 7, handle 8001:, parent TC_H_ROOT
        02 00 00 00                                      // tcm_info
        08 00 01 00 74 62 66 00                          // TCA_KIND "tbf"
        2c 00 07 00                                      // TCA_STATS2
        14 00 01 00                                      //   TCA_STATS_BASIC
        10 27 00 00 00 00 00 00 20 00 00 00 00 00 00 00  //     10000 bytes, 32 packets
        14 00 03 00                                      //   TCA_STATS_QUEUE, without its last number
        05 00 00 00 88 13 00 00 02 00 00 00 01 00 00 00  //     5 packets, 5000 bytes, 2 drops, 1 requeue
        """)

    static let neighbour = NetlinkTests.hex(
        """
        34 00 00 00 1c 00 02 00 07 00 00 00 01 00 00 00  // nlmsghdr: 52 bytes, RTM_NEWNEIGH, NLM_F_MULTI, seq 7
        // struct ndmsg
        02 00 00 00 07 00 00 00 80 00 00 01              // AF_INET, index 7, NUD_PERMANENT, RTN_UNICAST
        08 00 01 00 c0 00 02 07                          // NDA_DST 192.0.2.7
        0a 00 02 00 02 00 00 00 00 09 00 00              // NDA_LLADDR
        04 00 63 00                                      // an attribute that nobody knows, empty
        """)

    static let namespaceID = NetlinkTests.hex(
        """
        1c 00 00 00 58 00 00 00 08 00 00 00 01 00 00 00  // nlmsghdr: 28 bytes, RTM_NEWNSID, seq 8
        00 00 00 00                                      // struct rtgenmsg and padding
        08 00 01 00 02 00 00 00                          // NETNSA_NSID 2
        """)

    /// What the payload of the first message holds, asked of namespace 11.
    static func link(in bytes: [UInt8]) throws -> RouteLink {
        let span = unsafe bytes.span.bytes
        return try RouteLink.decode(span, in: 16..<bytes.count, netns: 11)
    }

    static func qdisc(in bytes: [UInt8]) throws -> Qdisc {
        let span = unsafe bytes.span.bytes
        return try RouteQdisc.decode(span, in: 16..<bytes.count, netns: 11)
    }

    static func neighbour(in bytes: [UInt8]) throws -> Neighbour? {
        let span = unsafe bytes.span.bytes
        return try RouteNeighbour.decode(span, in: 16..<bytes.count, netns: 11)
    }

    static func namespaceID(in bytes: [UInt8], _ range: Range<Int>) throws -> Int32? {
        let span = unsafe bytes.span.bytes
        return try RouteNamespaceID.decode(span, in: range)
    }

    /// The messages are whole: the datagram's own lengths agree.
    @Test func messagesAreWhole() throws {
        for (bytes, type) in [(Self.link, 16), (Self.neighbour, 28), (Self.namespaceID, 88)] as [([UInt8], UInt16)] {
            let span = unsafe bytes.span.bytes
            let messages = try NetlinkMessage.decode(span)
            #expect(messages.map(\.kind) == [.data(type: type)])
            #expect(messages.first?.payload == 16..<bytes.count)
        }
    }

    @Test func decodesALink() throws {
        let decoded = try Self.link(in: Self.link)
        let link = decoded.link
        #expect(link.netns == 11 && link.index == 7 && link.name == "vetha" && link.kind == "veth")
        #expect(link.isUp && link.hasCarrier == true && link.operationalState == .up)
        #expect(link.mtu == 1500 && link.master == 9)
        #expect(link.hardwareAddress == "02:42:ac:11:00:02")
        #expect(link.peerIndex == 3 && link.peerNetns == nil)
        #expect(decoded.peerNamespaceID == 2)
        #expect(
            link.statistics
                == Link.Statistics(
                    receivedPackets: 1, sentPackets: 2, receivedBytes: 3, sentBytes: 4, receiveErrors: 5,
                    sendErrors: 6, receiveDrops: 7, sendDrops: 8))
    }

    /// Without a number the other end is in the same namespace; without an index there is none.
    @Test func theOtherEndIsHere() throws {
        let bytes = NetlinkTests.hex(
            """
            28 00 00 00 10 00 00 00 05 00 00 00 01 00 00 00  // nlmsghdr: 40 bytes
            00 00 01 00 07 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg, down
            08 00 05 00 03 00 00 00                          // IFLA_LINK 3
            """)
        let decoded = try Self.link(in: bytes)
        #expect(!decoded.link.isUp && decoded.link.peerIndex == 3 && decoded.link.peerNetns == 11)
        var none = bytes
        none[36] = 0
        #expect(try Self.link(in: none).link.peerNetns == nil)
    }

    @Test func decodesAQdisc() throws {
        var whole = Self.qdisc
        whole += [4, 0, 0, 0]  // overlimits
        whole[0] = 108
        whole[44] = 48
        whole[68] = 24
        let qdisc = try Self.qdisc(in: whole)
        #expect(qdisc.kind == "tbf" && qdisc.linkIndex == 7 && qdisc.handle == 0x8001_0000 && qdisc.isRoot)
        #expect(qdisc.backlogPackets == 5 && qdisc.backlogBytes == 5000)
        #expect(qdisc.drops == 2 && qdisc.requeues == 1 && qdisc.overlimits == 4)
        #expect(qdisc.sentBytes == 10000 && qdisc.sentPackets == 32)
        // One number short it is no queue.
        #expect(throws: NetlinkError.self) {
            try Self.qdisc(in: Self.qdisc)
        }
    }

    @Test func decodesANeighbour() throws {
        let neighbour = try #require(
            try Self.neighbour(in: Self.neighbour))
        #expect(neighbour.address == IPAddress("192.0.2.7"))
        #expect(neighbour.hardwareAddress == "02:00:00:00:00:09")
        #expect(neighbour.state == .permanent && neighbour.linkIndex == 7)
        #expect(Neighbour.State([.stale, .init(rawValue: 0x100)]).description == "STALE,state 256")
        var bridge = Self.neighbour
        bridge[16] = 7  // AF_BRIDGE
        #expect(try Self.neighbour(in: bridge) == nil)
    }

    @Test func decodesANamespaceID() throws {
        #expect(try Self.namespaceID(in: Self.namespaceID, 16..<28) == 2)
        var none = Self.namespaceID
        none.replaceSubrange(24..., with: [255, 255, 255, 255])
        #expect(try Self.namespaceID(in: none, 16..<28) == nil)
        #expect(try Self.namespaceID(in: none, 16..<20) == nil)
    }

    /// Every cut and every changed byte gives a value or an error, and a length of 0 is an error.
    @Test func damagedAnywhere() {
        for whole in [Self.link, Self.qdisc, Self.neighbour, Self.namespaceID] {
            for end in 16...whole.count { Self.decodeAll(whole, 16..<end) }
            for position in 16..<whole.count {
                for value: UInt8 in [0, 1, 3, 0x7F, 0xFF] {
                    var changed = whole
                    changed[position] = value
                    Self.decodeAll(changed, 16..<changed.count)
                }
            }
        }
        var endless = Self.neighbour
        endless.replaceSubrange(28..<30, with: [0, 0])
        #expect(throws: NetlinkError.badLength(part: "nlattr", 0)) {
            try Self.neighbour(in: endless)
        }
    }

    private static func decodeAll(_ bytes: [UInt8], _ range: Range<Int>) {
        let span = unsafe bytes.span.bytes
        _ = try? RouteLink.decode(span, in: range, netns: 1)
        _ = try? RouteQdisc.decode(span, in: range, netns: 1)
        _ = try? RouteNeighbour.decode(span, in: range, netns: 1)
        _ = try? RouteNamespaceID.decode(span, in: range)
    }

    @Test func requests() throws {
        let dump = RouteRequest.links(sequence: 5)
        #expect(
            dump
                == NetlinkTests.hex(
                    """
                    20 00 00 00 12 00 01 03 05 00 00 00 00 00 00 00  // 32 bytes, RTM_GETLINK, NLM_F_DUMP, seq 5
                    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  // struct ifinfomsg
                    """))
        #expect(RouteRequest.qdiscs(sequence: 1).count == 36)
        #expect(RouteRequest.neighbours(sequence: 1).count == 28)
        #expect(
            RouteRequest.namespaceID(ofDescriptor: 9, sequence: 6)
                == NetlinkTests.hex(
                    """
                    1c 00 00 00 5a 00 01 00 06 00 00 00 00 00 00 00  // 28 bytes, RTM_GETNSID, NLM_F_REQUEST, seq 6
                    00 00 00 00                                      // struct rtgenmsg and padding
                    08 00 03 00 09 00 00 00                          // NETNSA_FD 9
                    """))
    }
}
