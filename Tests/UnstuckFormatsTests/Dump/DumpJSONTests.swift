import Testing
import UnstuckFormats
import UnstuckModel

@Suite("JSON of a dump")
struct DumpJSONTests {
    static let entry =
        "{\"key\":[\"0x0a\",\"0x0B\",\"0xc\",\"0x00\"],\"value\":{\"error\":\"No space left on device\"}}"
    static let key = SockmapKey([10, 11, 12, 0])

    private func read(_ text: String) -> KeyDump { KeyDump(Array(text.utf8)) }

    @Test(arguments: [
        "[\(entry)]", entry, "\n [ \(entry) ]\n", "[\(entry),]",
        "[{\"value\":[\"0x00\"],\"key\":[\"0x0a\",\"0x0b\",\"0x0c\",\"0x00\"]}]",
        "[{\"key\":[\"0x0a\",\"0x0b\",\"0x0c\",\"0x00\"],\"value\":1,\"formatted\":{\"key\":{\"a\":[1,{\"b\":\"}]\\\"\"}]}}}]",
        "{\"map\":3,\"key\":\"0a0b0c00\",\"state\":\"zombie\"}\n",
    ])
    func oneKey(_ text: String) {
        let dump = read(text)
        #expect(dump.form == .bpftoolJSON)
        #expect(dump.keys == [Self.key])
        #expect(dump.problems.isEmpty)
    }

    /// What is there is read, and that something may be missing is said.
    @Test(arguments: ["[\(entry)", "[\(entry),", "[[\(entry)]\n"])
    func cutBehindAnEntry(_ text: String) {
        let dump = read(text)
        #expect(dump.keys == [Self.key])
        #expect(dump.problems.map(\.reason) == ["the list is not closed: entries may be missing behind entry 1"])
    }

    /// Each is followed by an entry that is whole, and that is read.
    @Test(arguments: [
        ("{\"key\":{\"sip\":1},\"value\":2}", "the key is no list of bytes"),
        ("{\"key\":[\"0x0a\",\"0x1g\"],\"value\":2}", "not a key's byte"),
        ("{\"key\":[\"0x0a\",17],\"value\":2}", "a key's byte is written"),
        ("{\"key\":[],\"value\":2}", "a key without bytes"),
        ("{\"key\":\"0a0\",\"value\":2}", "the key is not hex"),
        ("{\"value\":2}", "no \"key\""),
        ("{\"error\":\"get map by id (4): No such file or directory\"}", "bpftool reports \"get map by id"),
        ("{\"key\":[\"0x0a\" \"0x0b\"],\"value\":2}", "needs \",\" or \"]\""),
        // Its comma belongs to it as well as to the list: what follows is no member.
        ("{\"key\":[\"0x0a\"]", "needs a member's name"),
        ("{\"key\":[\"0x0a\"] 1", "needs \",\" or \"}\""),
        ("{\"key\" [\"0x0a\"]}", "needs \":\""),
        ("{\"key\":[\"0x0a", "a string goes on over the line's end"),
        ("{\"key\":,}", "needs a value"),
        ("{key:[1]}", "needs a member's name"),
        ("nonsense", "between entries"),
    ])
    func damaged(_ text: String, _ reason: String) {
        let dump = read("[\n\(text)\n,\(Self.entry)]")
        #expect(dump.keys == [Self.key])
        #expect(dump.problems.contains { $0.reason.contains(reason) && (2...3).contains($0.line) }, "\(dump.problems)")
    }

    @Test func aKeyThatIsTooLong() {
        let long = Array(repeating: "\"0x01\"", count: 65).joined(separator: ",")
        let dump = read("[{\"key\":[\(long)]},\(Self.entry)]")
        #expect(dump.keys == [Self.key])
        #expect(dump.problemCount == 1)
        #expect(read("[{\"key\":[\(Array(repeating: "\"0x01\"", count: 64).joined(separator: ","))]}]").keys.count == 1)
    }

    /// No recursion to run out of stack in, and no scan that begins again and again.
    @Test(arguments: ["[", "{", "{\"key\":", "{\"key\":[", "{\"a\":[", "\"", "{ ", "{\"key\":[\"0x0a\",", "]"])
    func deepAndBroken(_ part: String) {
        let dump = read("[" + String(repeating: part, count: 100_000))
        #expect(dump.keys.isEmpty)
    }
}
