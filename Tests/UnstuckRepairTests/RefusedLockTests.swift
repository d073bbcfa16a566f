import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckLab

@testable import UnstuckRepair

/// Locks and journals where the kernel says no: an error at once, never another try for ever.
@Suite("Locks and journals where calls are refused", .requires(.native))
struct RefusedLockTests {
    /// What a body throws on a thread for which a call fails; the filter goes with the thread.
    private static func failure(without call: String, _ body: @escaping @Sendable () throws -> Void) throws -> String {
        try NamespaceThread.onThread {
            try RefusedCall.refuse(call, with: EPERM)
            do {
                try body()
                return ""
            } catch {
                return "\(error)"
            }
        }
    }

    @Test(arguments: [
        ("newfstatat", "fstat"), ("flock", "lock"), ("openat", "open"), ("write", "write"), ("ftruncate", "ftruncate"),
    ])
    func theLockNamesWhatFailed(_ call: String, _ word: String) throws {
        let path = "/tmp/unstuck-test-\(getpid())-\(call).lock"
        defer { unsafe _ = unlink(path) }
        let failure = try Self.failure(without: call) { _ = try FileLock(path: path, patience: 1) }
        #expect(failure == "\(word) \(path): Operation not permitted")
    }

    @Test(arguments: [
        ("newfstatat", "fstatat"), ("fdatasync", "fdatasync"), ("openat", "open"), ("write", "write"), ("read", "read"),
    ])
    func theJournalNamesWhatFailed(_ call: String, _ word: String) throws {
        let path = "/tmp/unstuck-test-\(getpid())-\(call).jsonl"
        defer { unsafe _ = unlink(path) }
        let failure = try Self.failure(without: call) {
            let journal = try Journal(path: path)
            try journal.write([journal.end("complete", detail: "")])
        }
        #expect(failure == "\(word) \(path): Operation not permitted")
    }

    /// A link is followed, and stays: the old file is set aside beside the new one.
    @Test func aJournalThroughALinkIsSetAsideWhereItIs() throws {
        let folder = "/tmp/unstuck-test-\(getpid())-journal"
        for name in ["", "/there", "/here"] { unsafe _ = mkdir(folder + name, 0o700) }
        defer {
            for name in ["/there/j", "/there/j.1", "/here/j"] { unsafe _ = unlink(folder + name) }
            for name in ["/there", "/here", ""] { unsafe _ = rmdir(folder + name) }
        }
        #expect(unsafe symlink("../there/j", "\(folder)/here/j") == 0)
        for _ in 0..<2 {
            let journal = try Journal(path: "\(folder)/here/j", rotatedFrom: 10)
            try journal.write([journal.end("complete", detail: "")])
        }
        #expect(directoryNames("\(folder)/here") == ["j"])
        #expect(linkTarget("\(folder)/here/j") == "../there/j")
        #expect(Set(directoryNames("\(folder)/there")) == ["j", "j.1"])
    }

    @Test func aJournalIsNoDevice() throws {
        for path in ["/dev/null", "/dev/full"] {
            #expect(throws: Journal.Refusal.self) { _ = try Journal(path: path) }
        }
    }
}
