import CUnstuckABI
import Testing
import UnstuckFormats
import UnstuckModel

@Suite("Records of sockets with their details")
struct DetailRecordTests {
    /// An established socket as the kernel side would write it, at 250 jiffies a second.
    static func record(_ change: (inout unstuck_inspected_owned) -> Void = { _ in }) -> [UInt8] {
        var record = unstuck_inspected_owned()
        record.owned.tcp.socket.family = 2
        record.owned.tcp.socket.state = 1
        record.owned.tcp.socket.flags = UInt8(UNSTUCK_FULL_SOCKET | UNSTUCK_IS_TCP | UNSTUCK_HAS_SOCKET)
        record.owned.tcp.write_seq = 1000
        record.owned.tcp.send_next = 400
        record.detail.has = UInt32(UNSTUCK_DETAIL_SOCKET | UNSTUCK_DETAIL_CONNECTION | UNSTUCK_DETAIL_TIMER)
        record.detail.srtt = 8 * 59
        record.detail.mdev = 4 * 29
        record.detail.min_rtt = .max
        record.detail.rto = 50
        record.detail.window = 10
        record.detail.threshold = 0x7FFF_FFFF
        record.detail.mss = 1448
        record.detail.rate_delivered = 3
        record.detail.rate_interval = 1000
        record.detail.chrono = (10, 20, 30)
        record.detail.chrono_type = 2
        record.detail.chrono_running = 5
        record.detail.pacing_rate = .max
        record.detail.timer = 1
        record.detail.timer_left = 25
        record.detail.timer_count = 2
        record.detail.options = 1 | 2
        record.detail.send_scale = 7
        record.detail.memory = (1, 2, 3, 4, UInt32(bitPattern: -5), 6, 7, 8, 9)
        record.detail.congestion.0 = 99  // "cubic"
        record.detail.congestion.1 = 117
        record.detail.congestion.2 = 98
        record.detail.congestion.3 = 105
        record.detail.congestion.4 = 99
        change(&record)
        return unsafe withUnsafeBytes(of: record) { unsafe Array($0) }
    }

    static func decoded(_ bytes: [UInt8], hertz: UInt32 = 250) throws -> SocketDetails {
        var protos = ProtoTable()
        return try InspectedRecord.decodeOwned(unsafe bytes.span.bytes, at: 0, hertz: hertz, protos: &protos).1
    }

    @Test func decodes() throws {
        let details = try Self.decoded(Self.record())
        #expect(details.roundTrip == 59)
        #expect(details.roundTripVariance == 29)
        #expect(details.smallestRoundTrip == nil, "none was measured")
        #expect(details.retransmissionTimeout == 200_000)
        #expect(details.slowStartThreshold == nil, "there is none yet")
        #expect(details.deliveryRate == 4_344_000)
        #expect(details.busy == 260_000)
        #expect(details.windowLimited == 100_000, "the part that is running counts")
        #expect(details.bufferLimited == 120_000)
        #expect(details.notSent == 600)
        #expect(details.timer == SocketDetails.Timer(kind: .retransmit, left: 100, count: 2))
        #expect(details.sendScale == nil, "scaling was not agreed on")
        #expect(details.memory?.forward == 0)
        #expect(details.memory?.drops == 9)
        #expect(details.congestionControl?.name == "cubic")
        #expect(details.congestionControl == SocketDetails.CongestionControl("cubic"))
        let field = try #require(SocketField.position(of: "pacing_rate"))
        #expect(details.pacingRate == .max)
        var protos = ProtoTable()
        let bytes = Self.record()
        let (socket, _) = try InspectedRecord.decodeOwned(unsafe bytes.span.bytes, at: 0, hertz: 250, protos: &protos)
        #expect(SocketField.all[field].value(socket, details) == nil, "no limit is no rate")
    }

    /// Without a known tick rate there are no times, and what was not read is absent, never 0.
    @Test func absentIsNotZero() throws {
        let timeless = try Self.decoded(Self.record(), hertz: 0)
        #expect(timeless.retransmissionTimeout == nil && timeless.busy == nil && timeless.timer?.left == nil)
        #expect(timeless.roundTrip == 59)
        let listener = try Self.decoded(
            Self.record {
                $0.owned.tcp.socket.state = 10
                $0.detail.has = UInt32(UNSTUCK_DETAIL_SOCKET)
            })
        #expect(listener.memory != nil)
        #expect(listener.roundTrip == nil && listener.timer == nil && listener.busy == nil && listener.options == nil)
        let unread = try Self.decoded(Self.record { $0.detail.has = 0 })
        #expect(unread == SocketDetails())
    }

    /// What is left of a closed socket has no counters, though its record has room for them.
    @Test func timeWaitHasNoCounters() throws {
        var record = unstuck_inspected_tcp()
        record.tcp.socket.family = 2
        record.tcp.socket.state = 6
        record.detail.has = UInt32(UNSTUCK_DETAIL_TIMER)
        record.detail.timer = 3
        record.detail.timer_left = UInt32(bitPattern: -3)
        record.detail.substate = 5
        let bytes = unsafe withUnsafeBytes(of: record) { unsafe Array($0) }
        var protos = ProtoTable()
        let (socket, details) = try InspectedRecord.decodeOfTable(
            unsafe bytes.span.bytes, at: 0, hertz: 1000, protos: &protos)
        #expect(details.substate == .finWait2)
        #expect(details.timer == SocketDetails.Timer(kind: .timeWait, left: 0, count: 0), "overdue is 0")
        for field in SocketField.all where "\(field.name)" != "timer_ms" {
            #expect(field.value(socket, details) == nil, "\(field.name)")
        }
    }

    @Test func refusesTruncation() {
        let whole = Self.record()
        for length in 0..<whole.count {
            #expect(throws: RecordError.self) { try Self.decoded(Array(whole[..<length])) }
        }
        // Any bytes are a record.
        _ = try? Self.decoded([UInt8](repeating: 0xFF, count: whole.count))
        _ = try? Self.decoded([UInt8](repeating: 0xFF, count: whole.count), hertz: 1)
    }

    @Test(arguments: ["", "reno", "exactlyfifteen_"])
    func congestionNames(_ name: String) {
        #expect(SocketDetails.CongestionControl(name)?.name == (name.isEmpty ? nil : name))
    }

    /// A counter of 32 bits that wraps has grown.
    @Test func movesAcrossAWrap() throws {
        var protos = ProtoTable()
        func sample(_ segments: UInt32, _ received: UInt64) throws -> (tcp: TCPSocket, details: SocketDetails) {
            let bytes = Self.record {
                $0.owned.tcp.segments_in = segments
                $0.owned.tcp.bytes_received = received
            }
            let (socket, details) = try InspectedRecord.decodeOwned(
                unsafe bytes.span.bytes, at: 0, hertz: 250, protos: &protos)
            return (socket, details)
        }
        let moves = SocketMove.between(try sample(.max - 1, 5), try sample(3, 23))
        #expect(moves.map { "\($0.field.name) \($0.by)" } == ["bytes_received 18", "segs_in 5"])
    }
}
