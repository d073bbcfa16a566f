import Testing
import UnstuckFormats
import UnstuckModel

@Suite("Texts of /proc/net about counters")
struct ProtocolCounterTests {
    @Test func pairsOfLines() {
        let values = ProtocolCounters.pairs(
            """
            Ip: Forwarding DefaultTTL InReceives
            Ip: 1 64 6269
            Tcp: MaxConn RetransSegs
            Tcp: -1 18446744073709551615
            TcpExt: ListenOverflows TCPZeroWindowDrop
            TcpExt: 3 0

            """)
        #expect(values["IpInReceives"] == 6269)
        #expect(values["TcpRetransSegs"] == .max)
        #expect(values["TcpMaxConn"] == nil)
        #expect(values["TcpExtListenOverflows"] == 3)
        #expect(values["TcpExtTCPZeroWindowDrop"] == 0)
        #expect(values.count == 6)
    }

    /// A value is never taken for another name's.
    @Test func unevenPairsAreLeftOut() {
        #expect(ProtocolCounters.pairs("Tcp: A B\nTcp: 1\n") == [:])
        #expect(ProtocolCounters.pairs("Tcp: A B\nUdp: 1 2\n") == [:])
        #expect(ProtocolCounters.pairs("Tcp: A\nUdp: A\nUdp: 2\n") == ["UdpA": 2])
        #expect(ProtocolCounters.pairs("Tcp A\nTcp 1\n\n:\n:\n") == [:])
    }

    @Test func linesOfNameAndValue() {
        let values = ProtocolCounters.lines("Ip6InReceives                   \t6269\nIp6Bad\t-1\nx\n")
        #expect(values == ["Ip6InReceives": 6269])
    }

    @Test func softnet() {
        let new = ProtocolCounters.softnet(
            "020a7589 00000098 00000009 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
                + "00000001 00000000 00000000\n")
        #expect(new == [.init(number: 1, processed: 0x020a_7589, dropped: 0x98, timeSqueezed: 9)])
        let old = ProtocolCounters.softnet("00000005 00000000 00000000 00000000\n\nxx yy zz\n00000001 00000002\n")
        #expect(old == [.init(number: nil, processed: 5, dropped: 0, timeSqueezed: 0)])
    }

    @Test func deltas() {
        let before = NamespaceCounters(netns: 1, takenAt: 10, values: ["A": 5, "B": 7, "C": 1])
        let after = NamespaceCounters(netns: 1, takenAt: 13, values: ["A": 9, "B": 6, "D": 1])
        #expect(after.delta(from: before) == ["A": 4])
        #expect(before.delta(from: after) == nil)
        #expect(NamespaceCounters(netns: 2, takenAt: 13, values: [:]).delta(from: before) == nil)
        func softnet(_ time: Double, _ dropped: UInt32) -> SoftnetCounters {
            SoftnetCounters(
                takenAt: time,
                processors: [.init(number: 0, processed: 1, dropped: dropped, timeSqueezed: 0)])
        }
        #expect(softnet(2, 3).delta(from: softnet(1, .max))?.dropped == 4)
        #expect(softnet(1, 3).delta(from: softnet(2, 1)) == nil)
    }
}
