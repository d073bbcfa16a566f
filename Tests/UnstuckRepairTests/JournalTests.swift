import Foundation
import Glibc
import Testing
import UnstuckDiagnosis
import UnstuckModel

@testable import UnstuckRepair

/// The journal as a file: read again, cut, set aside, and refused where it is another's.
@Suite("The journal's file")
struct JournalTests {
    /// A folder of its own.
    final class Folder {
        let path = "/tmp/unstuck-test-\(UUID().uuidString)"
        var journal: String { "\(path)/journal.jsonl" }
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
        func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: journal)) }
        func read(_ suffix: String = "") -> String {
            (try? String(contentsOfFile: journal + suffix, encoding: .utf8)) ?? ""
        }
    }

    static let reference = EntryReference(map: 1, key: SockmapKey([1, 2]), socket: SocketIdentity(address: 0))

    @Test func whatIsWrittenIsReadAgain() throws {
        let folder = try Folder()
        do {
            let journal = try Journal(path: folder.journal)
            #expect(journal.unfinished.isEmpty)
            try journal.write([journal.begin(Plan()), journal.line(.intend, Self.reference)])
        }
        let journal = try Journal(path: folder.journal)
        #expect(journal.damage.isEmpty)
        #expect(journal.unfinished.map(\.line.key) == [Self.reference.key])
        #expect(journal.unfinished.first?.boot?.count == 36)
        try journal.write([journal.line(.result, Self.reference, outcome: .deleted)])
        // Of this run, not of the one that was killed.
        #expect(try Journal(path: folder.journal).unfinished.count == 1)
        let step = ResumedStep(try #require(journal.unfinished.first).line, .done, "gone")
        try journal.write([journal.line(step)].compactMap { $0 })
        #expect(try Journal(path: folder.journal).unfinished.isEmpty)
    }

    @Test func aTornLineIsCutOffAndTold() throws {
        let folder = try Folder()
        let whole = #"{"event":"begin","run":"1-1","step":"run","time":1}"# + "\n"
        try folder.write(whole + #"{"event":"int"#)
        let journal = try Journal(path: folder.journal)
        #expect(journal.damage.count == 1)
        #expect(folder.read() == whole)
        try journal.write([journal.begin(Plan())])
        #expect(try Journal(path: folder.journal).damage.isEmpty)
    }

    @Test func damageIsToldAndPassedOver() throws {
        let folder = try Folder()
        let intend = #"{"event":"intend","key":"01","map":1,"run":"1-1","step":"delete","time":1}"#
        try folder.write([intend, "\u{0}\u{0}\u{0}", "{}", intend, ""].joined(separator: "\n"))
        let journal = try Journal(path: folder.journal)
        #expect(journal.unfinished.count == 1)
        #expect(journal.damage.count == 2)
        #expect(journal.damage.first?.contains("line 2") == true)
    }

    /// A path that was mistyped must not cost anybody a file.
    @Test(arguments: ["root:x:0:0\n", "root:x:0:0", "[1]\n", "{}\n", "\u{0}"])
    func somebodyElsesFileIsLeftAlone(_ text: String) throws {
        let folder = try Folder()
        try folder.write(text)
        #expect(throws: Journal.Refusal.self) { try Journal(path: folder.journal) }
        #expect(throws: Journal.Refusal.self) { try Journal(path: folder.journal, rotatedFrom: 1) }
        #expect(folder.read() == text)
        #expect(throws: Journal.Refusal.self) { try Journal(path: "/dev/null") }
    }

    @Test func oneFileIsKeptOnceNothingIsOpenInIt() throws {
        let folder = try Folder()
        try folder.write(#"{"event":"end","run":"0-0","step":"run","time":1}"# + "\n")
        unsafe rename(folder.journal, folder.journal + ".1")
        var intend = #"{"event":"intend","key":"01","map":1,"run":"1-1","step":"delete","time":1}"# + "\n"
        try folder.write(intend)
        let first = try Journal(path: folder.journal, rotatedFrom: 10)
        #expect(first.unfinished.count == 1)
        #expect(folder.read() == intend)
        try first.write([first.line(ResumedStep(first.unfinished[0].line, .done, ""))].compactMap { $0 })
        intend = folder.read()
        let second = try Journal(path: folder.journal, rotatedFrom: 10)
        #expect(folder.read() == "")
        #expect(folder.read(".1") == intend)
        try second.write([second.begin(Plan())])
        #expect(folder.read().contains("begin"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
    }
}
