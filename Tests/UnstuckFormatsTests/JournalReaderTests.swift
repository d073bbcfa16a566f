import Testing
import UnstuckFormats
import UnstuckModel

@Suite("The journal's bytes")
struct JournalReaderTests {
    static let begin =
        #"{"boot":"b1","detail":"2 deletions, 0 resets","event":"begin","run":"7-1","step":"run","time":1.5}"#
    static let intend =
        #"{"claim":{"local":"203.0.113.7:8080","remote":"[2001:db8::1]:50504"},"cookie":77,"event":"intend","#
        + #""holder":{"command":"web\n","descriptor":17,"inode":9,"pid":2210,"startTime":5},"inode":9,"key":"00ff","#
        + #""map":35,"run":"7-1","state":"zombie","step":"delete","time":2,"unread":0}"#

    func read(_ text: String) -> (lines: [JournalLine], damage: [JournalError], torn: Int?) {
        read(Array(text.utf8))
    }

    func read(_ bytes: [UInt8]) -> (lines: [JournalLine], damage: [JournalError], torn: Int?) {
        var result: (lines: [JournalLine], damage: [JournalError], torn: Int?) = ([], [], nil)
        for item in JournalReader(bytes) {
            switch item {
            case .line(let line): result.lines.append(line)
            case .damaged(let error): result.damage.append(error)
            case .torn(let start): result.torn = start
            }
        }
        return result
    }

    @Test func readsLines() throws {
        let (lines, damage, torn) = read(Self.begin + "\n" + Self.intend + "\n")
        #expect(damage.isEmpty)
        #expect(torn == nil)
        #expect(lines.map(\.event) == [.begin, .intend])
        #expect(lines[0].boot == "b1")
        #expect(lines[1].step == .delete)
        #expect(lines[1].map == 35)
        #expect(lines[1].key == SockmapKey([0, 0xFF]))
        #expect(lines[1].claim?.remote.description == "[2001:db8::1]:50504")
        #expect(lines[1].holder?.pid == 2210)
        #expect(lines[1].state == .zombie)
    }

    /// A line that an older version wrote, and an event that a later one may write.
    @Test func keepsWhatItDoesNotKnow() {
        let (lines, damage, _) = read(
            #"{"event":"begin","run":"1-1","step":"run","time":1}"# + "\n"
                + #"{"event":"paused","mood":"good","run":"1-1","step":"run","time":1}"# + "\n")
        #expect(damage.isEmpty)
        #expect(lines.map(\.event.rawValue) == ["begin", "paused"])
        #expect(lines[0].boot == nil)
    }

    @Test func namesWhatIsWrongAndGoesOn() {
        let bad = [
            "nonsense", "[]", "{}", #"{"event":"begin","run":"1","step":"dance","time":1}"#,
            #"{"event":"begin","run":"1","step":"run","time":"x"}"#,
            #"{"event":"intend","key":"0g","run":"1","step":"delete","time":1}"#,
            #"{"event":"intend","map":-1,"run":"1","step":"delete","time":1}"#,
            String(repeating: "[", count: 60_000), String(repeating: " ", count: JournalReader.longestLine + 1),
            "\u{0}\u{0}",
        ]
        let (lines, damage, torn) = read(Self.begin + "\n" + (bad + [Self.intend, ""]).joined(separator: "\n"))
        #expect(lines.count == 2)
        #expect(torn == nil)
        #expect(damage.map(\.line) == Array(2..<2 + bad.count))
        #expect(damage[2] == .malformed(line: 4, why: "\"time\" is missing"))
        #expect(damage[3].description == "line 5: \"step\" cannot be understood")
        #expect(damage[4].description == "line 6: \"time\" is of the wrong kind")
        #expect(damage[8] == .tooLong(line: 10))
    }

    /// Cut off at every byte: the whole lines before the cut, and where the torn one begins.
    @Test func aTornLineIsNoLine() {
        let whole = Array((Self.begin + "\n" + Self.intend + "\n").utf8)
        let second = Self.begin.utf8.count + 1
        for count in 0...whole.count {
            let (lines, damage, torn) = read(Array(whole[..<count]))
            #expect(damage.isEmpty)
            #expect(lines.count == (count < second ? 0 : count < whole.count ? 1 : 2))
            let start = count < second ? 0 : second
            #expect(torn == (count == 0 || count == second || count == whole.count ? nil : start))
        }
    }

    /// Any byte replaced by any of some hostile ones: never a trap, never a line too many.
    @Test func survivesDamage() {
        let whole = Array((Self.begin + "\n" + Self.intend + "\n").utf8)
        for index in whole.indices {
            for byte: UInt8 in [0, 0x0A, 0x22, 0x5C, 0x7B, 0x80, 0xFF] {
                var bytes = whole
                bytes[index] = byte
                let (lines, damage, torn) = read(bytes)
                #expect(lines.count + damage.count <= 3)
                #expect(torn == nil || index == whole.count - 1)
            }
        }
    }
}
