import CUnstuckABI
import Testing
import UnstuckFormats
import UnstuckModel

@Suite("Records of the kernel side")
struct RecordTests {
    /// A record as the kernel side would write it, with 44 key bytes.
    static func entry(keySize: UInt32 = 44) -> [UInt8] {
        var record = unstuck_entry()
        record.socket.address = 0xFFFF_8880_1234_5678
        record.socket.cookie = 77
        record.socket.proto = 0xABC
        record.socket.inode = 4242
        record.socket.netns = 4_026_531_840
        record.socket.family = 2
        record.socket.local_port = 8080
        record.socket.remote_port = 50504
        record.socket.state = 7
        record.socket.flags = UInt8(UNSTUCK_HAS_SOCKET | UNSTUCK_HAS_PSOCK | UNSTUCK_IS_TCP)
        record.socket.queued_messages = 2
        record.socket.queued_bytes = 18
        record.socket.msg_program = 9
        record.socket.local = (203, 0, 113, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        record.socket.remote = (192, 0, 2, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        record.key_size = keySize
        record.key.0 = 0xAA
        record.key.43 = 0xBB
        return unsafe withUnsafeBytes(of: record) { unsafe Array($0) }
    }

    @Test func decodes() throws {
        var protos = ProtoTable()
        let bytes = Self.entry()
        let entry = try EntryRecord.decode(unsafe bytes.span.bytes, at: 0, protos: &protos)
        #expect(entry.socket.tuple.description == "203.0.113.7:8080 -> 192.0.2.10:50504")
        #expect(entry.socket.identity == SocketIdentity(address: 0xFFFF_8880_1234_5678, cookie: 77))
        #expect(entry.socket.liveness == .zombie)
        #expect(entry.socket.psock == Psock(msgProgram: 9, queuedMessages: 2, queuedBytes: 18, isPartial: false))
        #expect(entry.socket.handlers == 0)
        #expect(protos.addresses == [0xABC])
        #expect(entry.key.bytes.count == 44)
        #expect(entry.key.bytes.first == 0xAA)
        #expect(entry.key.bytes.last == 0xBB)
    }

    /// A byte that left between two readings of the clock did not leave 49 days ago.
    @Test func whatLeftAfterTheClockWasReadLeftNow() throws {
        var record = unstuck_tcp()
        record.socket.family = 2
        record.socket.state = 1
        record.socket.flags = UInt8(UNSTUCK_IS_TCP)
        (record.since_send, record.since_receive) = (.max, 250)
        let bytes = unsafe withUnsafeBytes(of: record) { unsafe Array($0) }
        func decode(_ hertz: UInt32) throws -> TCPSocket {
            var protos = ProtoTable()
            return try TCPRecord.decode(unsafe bytes.span.bytes, at: 0, hertz: hertz, protos: &protos)
        }
        #expect(try decode(250).millisecondsSinceSend == 0)
        #expect(try decode(250).millisecondsSinceReceive == 1000)
        #expect(try decode(0).millisecondsSinceSend == nil)
    }

    @Test func numbersProtosOfTwoTablesAlike() {
        var one = ProtoTable()
        var other = ProtoTable()
        for proto: UInt64 in [10, 20] { _ = one.index(of: proto) }
        for proto: UInt64 in [20, 30] { _ = other.index(of: proto) }
        #expect(one.merge(other) == [1, 2])
        #expect(one.addresses == [10, 20, 30])
        #expect(one.merge(ProtoTable()) == nil)
        var copy = one
        #expect(copy.merge(one) == nil)
    }

    /// Cut off at every byte: an error, never a crash, never a value.
    @Test func refusesTruncation() {
        let whole = Self.entry()
        for length in 0..<EntryRecord.size(keySize: 44) - 4 {
            var protos = ProtoTable()
            let bytes = Array(whole[..<length])
            #expect(throws: RecordError.self) {
                try EntryRecord.decode(unsafe bytes.span.bytes, at: 0, protos: &protos)
            }
        }
    }

    @Test func refusesLongKeys() {
        var protos = ProtoTable()
        let bytes = Self.entry(keySize: 65)
        #expect(throws: RecordError.badKeySize(65)) {
            try EntryRecord.decode(unsafe bytes.span.bytes, at: 0, protos: &protos)
        }
    }

    @Test(arguments: [100, 250, 300, 1000] as [UInt32])
    func findsTheTickRate(_ rate: UInt32) {
        for seconds in [1, 60, 299, 301, 3600, 86400 * 40] as [UInt64] {
            let start = UInt64(UInt32(bitPattern: -300 &* Int32(rate)))
            let jiffies = start + seconds * UInt64(rate)
            #expect(JiffyClock.hertz(jiffies: jiffies, monotonicNanoseconds: seconds * 1_000_000_000) == rate)
        }
        #expect(JiffyClock.hertz(jiffies: 0, monotonicNanoseconds: 0) == 0)
    }
}
