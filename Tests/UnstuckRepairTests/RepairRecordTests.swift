import CUnstuckABI
import Glibc
import Testing
import UnstuckFormats

@testable import UnstuckRepair

/// What the kernel side says of an entry. No kernel that we have read returns EPERM or EBUSY for the delete of a SOCKHASH
/// element inside an iterator (net/core/sock_map.c, sock_hash_delete_elem); if one does, it is reported by its number.
@Suite("Records of a deletion")
struct RepairRecordTests {
    static func record(_ outcome: unstuck_repair_outcome, error: Int32 = 0, keySize: UInt32 = 44) -> [UInt8] {
        var record = unstuck_repair()
        record.outcome = outcome.rawValue
        record.error = UInt32(error)
        record.key_size = keySize
        record.key.0 = 0xAA
        record.key.43 = 0xBB
        record.socket.queued_bytes = 18
        return unsafe withUnsafeBytes(of: record) { unsafe Array($0) }
    }

    @Test(arguments: [
        (UNSTUCK_REPAIR_FAILED, EPERM, "failed", "failed: Operation not permitted"),
        (UNSTUCK_REPAIR_FAILED, EBUSY, "failed", "failed: Device or resource busy"),
        (UNSTUCK_REPAIR_FAILED, E2BIG, "failed", "failed: Argument list too long"),
        // What the kernel side makes of ENOENT.
        (UNSTUCK_REPAIR_UNLINKED, ENOENT, "gone", "already gone"),
        (UNSTUCK_REPAIR_DELETED, 0, "deleted", "deleted"),
        (UNSTUCK_REPAIR_STOPPED, 0, "stopped", "not tried: an earlier entry raced"),
    ])
    func decodes(_ outcome: unstuck_repair_outcome, _ error: Int32, _ word: String, _ words: String) throws {
        let bytes = [0, 0, 0, 0, 0, 0, 0, 0] + Self.record(outcome, error: error)
        let report = try RepairRecord.decode(unsafe bytes.span.bytes, at: 8)
        #expect(report.outcome.word == word)
        #expect(report.outcome.explanation == words)
        #expect(report.key.count == 44)
        #expect(report.key.bytes.first == 0xAA)
        #expect(report.key.bytes.last == 0xBB)
        #expect(report.unreadBytes == 18)
    }

    @Test func refusesWhatDoesNotFit() {
        let whole = Self.record(UNSTUCK_REPAIR_DELETED)
        for length in whole.indices {
            let bytes = Array(whole[..<length])
            #expect(throws: RecordError.truncated(needed: whole.count, got: length)) {
                try RepairRecord.decode(unsafe bytes.span.bytes, at: 0)
            }
        }
        let long = Self.record(UNSTUCK_REPAIR_DELETED, keySize: 65)
        #expect(throws: RecordError.badKeySize(65)) { try RepairRecord.decode(unsafe long.span.bytes, at: 0) }
    }
}
