import Testing
import UnstuckFormats
import UnstuckModel

@Suite("Lines of a dump")
struct DumpLinesTests {
    static let first = "0a 0a 86 30 00 00 00 00  00 00 00 00 00 00 00 00\n"
    static let second = "0a 0a 65 f9 00 00 00 00  00 00 00 00 00 00 00 00\n"
    static let last = "01 00 00 00 1f 90 00 00  db 78 00 00\n"
    static var key: String { first + second + last }

    private func read(_ text: String, keySizes: Set<Int>? = nil) -> KeyDump {
        keySizes.map { KeyDump(Array(text.utf8), keySizes: $0) } ?? KeyDump(Array(text.utf8))
    }

    @Test(arguments: [
        key, "\n\(key)", key + "--\nkey:\n", "value:\nNo space left on device\n" + key,
        "No space left on device\nkey:\n" + key,
        key + "value:\n", "key:\r\n" + key, "\u{20}" + first + second + last, "key:\n\(key)value:\n00 00 00 00\n",
        "0a0a86300000000000000000000000000a0a65f9000000000000000000000000010000001f900000db780000\n",
        "0x0a 0x0a 0x86 0x30 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 "
            + second.dropLast() + " " + last,
    ])
    func oneWholeKey(_ text: String) throws {
        let dump = read(text)
        #expect(dump.keys == [try #require(SockmapKey(hex: Self.key))])
        #expect(dump.problems.isEmpty)
    }

    @Test func rowsOfAnotherKeyBefore() throws {
        let dump = read(Self.first + Self.second + Self.key)
        #expect(dump.keys == [try #require(SockmapKey(hex: Self.key))])
        #expect(dump.problems == [.init(line: 1, reason: "32 bytes, not a whole key: a key here has 44")])
    }

    @Test func partialRows() {
        let dump = read("1f 90 00 00  b6 8a 00 00\n--\n" + Self.key)
        #expect(dump.keys.count == 1)
        #expect(
            dump.problems == [
                .init(
                    line: 1,
                    reason: "8 bytes, not a whole key: a key here has 44; as two ports in network order: 8080 and 46730"
                )
            ])
    }

    /// The dump's other keys say how long one is, also where no layout has such keys.
    @Test func theDumpsOwnSize() throws {
        let odd = "00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f\n10 11 12\n"
        let dump = read("key:\n\(odd)value:\nNo space left on device\n--\n\(odd)--\n" + Self.last)
        #expect(dump.keys.map(\.count) == [19, 19])
        #expect(dump.problems == [.init(line: 10, reason: "12 bytes, not a whole key: a key here has 19")])
    }

    @Test func keysOfWholeRows() {
        let dump = read(Self.first + Self.second + "--\n" + Self.first, keySizes: [16])
        #expect(dump.keys.count == 3)
        #expect(read(Self.first + Self.second + "--\n" + Self.first, keySizes: [32]).keys.count == 1)
        #expect(read(Self.first + Self.second, keySizes: []).keys.isEmpty)
    }

    @Test(arguments: [
        ("key:\nvalue:\n", 1, "a key without bytes"),
        ("key: 01 02 zz 04  value: 00 00 00 00\n", 1, "not the bytes of a key: \"01 02 zz 04\""),
        (
            "key:\n0a 0a\nhello \u{1B}[31m\n", 3,
            "neither bytes of a key nor anything else that bpftool prints: \"hello\""
        ),
        (
            "key: 01 02 03 04  value: 00\nFound 2 elements\n", 2,
            "bpftool found 2 elements, but 1 whole keys stand before this line"
        ),
        (
            "key:\n" + String(repeating: first, count: 5) + "value:\n", 1,
            "a key of 80 bytes; Unstuck reads keys of up to 64"
        ),
        ("0a 0a 86 3\n", 1, "neither bytes of a key nor anything else that bpftool prints: \"0a 0a 86 3\""),
        ("key:\n0a 0a\nSegmentation fault\n0b 0b\nvalue:\n", 1, "the key that begins here is not whole"),
    ])
    func whatIsNotUnderstood(_ text: String, _ line: Int, _ reason: String) {
        let dump = read(text + "key:\n" + Self.key + "value:\nNo space left on device\n")
        #expect(dump.keys.last?.count == 44)
        #expect(
            dump.problems.contains { $0.line == line && $0.reason == reason }, "\(dump.problems)")
    }

    @Test func problemsAreCountedAndNotAllListed() {
        let dump = read(String(repeating: "01 02 03 0\n", count: 100_000) + Self.key)
        #expect(dump.problemCount == 100_000)
        #expect(dump.problems.count == KeyDump.longestProblemList)
        #expect(dump.keys.count == 1)
    }

    @Test func anyBytes() {
        for byte in UInt8.min...UInt8.max {
            #expect(KeyDump([UInt8](repeating: byte, count: 5000)).keys.allSatisfy { $0.count > 0 })
        }
        #expect(KeyDump([]).keys.isEmpty)
    }
}
