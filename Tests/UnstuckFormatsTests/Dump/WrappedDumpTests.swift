import Testing
import UnstuckFormats
import UnstuckModel

/// A dump as people pass it on: the same keys as without what stands around, and nothing that is not understood.
@Suite("What stands around a dump")
struct WrappedDumpTests {
    private static let lines = [
        "key:", "7f 00 00 01 7f 00 00 01  01 00 00 00 cd 2a 00 00", "23 82 00 00", "value:", "<no entry>",
    ]
    private static let plain = lines.joined(separator: "\n") + "\n"
    private static let json = """
        [{
                "key": ["0x7f","0x00","0x00","0x01","0x7f","0x00","0x00","0x01","0x01","0x00","0x00","0x00","0xcd","0x2a","0x00","0x00","0x23","0x82","0x00","0x00"
                ],
                "value": {
                    "error": "Operation not supported"
                }
            }
        ]

        """
    private static let compact = json.filter { $0 != " " && $0 != "\n" }

    private func expectTheKey(_ text: String, _ form: KeyDump.Form? = nil) throws {
        try expectTheKey(Array(text.utf8), form)
    }

    private func expectTheKey(_ bytes: [UInt8], _ form: KeyDump.Form? = nil) throws {
        let dump = KeyDump(bytes)
        let key = try #require(SockmapKey(hex: "7f0000017f00000101000000cd2a000023820000"))
        #expect(dump.keys == [key], "\(String(decoding: bytes, as: UTF8.self))")
        #expect(dump.problems.isEmpty)
        if let form { #expect(dump.form == form) }
    }

    private static func before(_ text: String, _ prefix: (Int) -> String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: true).enumerated()
            .map { "\(prefix($0.offset))\($0.element)\n" }.joined()
    }

    /// What is the same, or nearly, before each line; text and JSON.
    @Test(arguments: [
        "> ", ">> ", "| ", "# ", "// ", "    ", "[pod/agent-x/agent] ", "[  12.34567N] ",
        "2024-05-01T10:00:00.12345678NZ ",
        "2024-05-01T10:00:0N+02:00 ", "2024/05/01 10:00:0N ", "10:00:0N.5 ", "2024-05-01T10:00:00.1NZ stdout F ",
        "agent-x-7d9f | ", "May  1 10:00:0N node-a agent[123]: ", "I0501 10:00:00.00000N    77 dump.go:12] ",
        "node-a.txt:N:", "N:", "    N\t", "> [pod/x/y] 2024-05-01T10:00:0NZ ", "\u{1B}[32magent\u{1B}[0m | ",
    ])
    func prefixes(_ prefix: String) throws {
        for text in [Self.plain, Self.json] {
            try expectTheKey(Self.before(text) { prefix.replacing("N", with: "\($0 + 1)") })
        }
    }

    /// grep's lines around what it found have a dash where the found ones have a colon.
    @Test func grepWithContext() throws {
        try expectTheKey(
            Self.lines.enumerated().map { "a.txt\($0 == 0 ? ":" : "-")\($0 + 9)\($0 == 0 ? ":" : "-")\($1)\n" }.joined()
        )
    }

    @Test(arguments: [
        ("$ sudo bpftool map dump id 13\n", ""),
        ("root@node-a:~# bpftool map dump id 13\n", "root@node-a:~# exit\nexit\n"),
        ("```\n", "```\n"), ("Here is the key dump of node A:\n\n```text\n", "```\nAnd now?\n"),
        ("Defaulted container \"agent\" out of: agent, init (init)\n", "Connection to node-a closed.\n"),
        ("If you don't see a command prompt, try pressing enter.\n", ""),
        (
            "Script started on 2024-05-01 10:00:00+00:00 [TERM=\"xterm\"]\n\u{1B}[?2004hroot@a:~# bpftol\u{8}\u{8}ool map dump id 1\n",
            "\u{1B}[?2004h\u{1B}]0;root@a: ~\u{7}root@a:~# exit\n\nScript done on 2024-05-01 10:00:09+00:00\n"
        ),
    ])
    func around(_ before: String, _ after: String) throws {
        for text in [Self.plain, Self.json] {
            try expectTheKey(before + text + after)
            #expect(!KeyDump(Array((before + text + after).utf8)).notes.isEmpty)
        }
        try expectTheKey(before + Self.compact + "\n" + after, .bpftoolJSON)
    }

    @Test func characters() throws {
        for text in [Self.plain, Self.json, Self.compact] {
            try expectTheKey("\u{FEFF}" + text)
            try expectTheKey(text.replacing(" ", with: "\u{A0}"))
            try expectTheKey(text.replacing(" ", with: "\u{202F}"))
            try expectTheKey(text.replacing("\n", with: "\r\n"))
            try expectTheKey(text.replacing("\n", with: "\u{1B}[0m\r\r\n\u{1B}[1;32m"))
            try expectTheKey(text.replacing("\"", with: "\u{201D}"))
            var wide: [UInt8] = [0xFF, 0xFE]
            for unit in text.utf16 { wide += [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
            try expectTheKey(wide)
        }
    }

    /// What another program's JSON has around a dump, or in a string.
    @Test func insideOtherJSON() throws {
        func quoted(_ text: String) -> String {
            "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))\""
        }
        for text in [
            "{\"node\":{\"name\":\"a\",\"cpus\":4},\"maps\":[{\"id\":3},{\"id\":13,\"entries\":\(Self.compact)}],\"ok\":true}",
            "{\"stdout\":\(quoted(Self.plain)),\"rc\":0,\"cmd\":[\"bpftool\",\"map\"]}",
            "{\"stdout\":\(quoted(Self.json)),\"rc\":0}",
            "{\"hosts\":{\"a\":{\"stdout_lines\":[\(Self.lines.map(quoted).joined(separator: ","))]}}}",
            Self.lines.map { "{\"log\":\(quoted($0 + "\n")),\"stream\":\"stdout\",\"time\":\"2024\"}\n" }.joined(),
            "{\"data\":{\"dump\":\(quoted("{\"out\":\(quoted(Self.compact))}"))}}",
        ] { try expectTheKey(text) }
    }

    @Test(arguments: [
        ("sockmap.txt", 1, 20), ("quoted.txt", 1, 20), ("kprefix.txt", 1, 20), ("prompt.json", 2, 24),
        ("kubectl-ts.json", 2, 24), ("v418.json", 2, 44), ("odd.txt", 101, 44), ("loxilb.txt", 6, 16),
    ])
    func reported(_ name: String, _ count: Int, _ size: Int) throws {
        let dump = KeyDump(try KeyDumpTests.fixture("wrapped/\(name)"))
        #expect(dump.keys.count == count)
        #expect(dump.keys.allSatisfy { $0.count == size })
        #expect(dump.problems.isEmpty)
        let isPlain = ["sockmap.txt", "odd.txt", "loxilb.txt"].contains(name)
        #expect(dump.notes.isEmpty == isPlain, "\(dump.notes)")
    }

    /// bpftool 4.15 to 4.20: no braces where a value cannot be had.
    @Test func brokenJSON() throws {
        let dump = KeyDump(try KeyDumpTests.fixture("wrapped/v418.json"))
        #expect(
            KeyDumpTests.claims(dump, .cilium) == [
                "203.0.113.10:8080 -> 192.0.2.10:50504", "192.0.2.10:50504 -> 203.0.113.10:8080",
            ])
        #expect(dump.notes == ["entries without braces, as bpftool 4.15 to 4.20 writes them"])
        let two =
            "[\"key\":[\"0x01\"],\"value\":{\"error\":\"x\"},{\"key\":[\"0x02\"],\"value\":[\"0x00\"]},\"key\":[\"0x03\"]]"
        #expect(KeyDump(Array(two.utf8)).keys.map(\.bytes) == [[1], [2], [3]])
    }

    @Test func differences() throws {
        let dump = KeyDump(try KeyDumpTests.fixture("wrapped/diff.txt"))
        #expect(
            KeyDumpTests.claims(dump, .cilium) == [
                "203.0.113.10:8080 -> 192.0.2.10:50504", "192.0.2.10:50504 -> 203.0.113.10:8080",
            ])
        #expect(dump.added == [dump.keys[1]])
        #expect(dump.removed.isEmpty)
        #expect(dump.problems.isEmpty)
        // One byte of a key's last row: two keys, one of each file.
        let row = "key:\n 01 02 03 04 05 06 07 08  09 0a 0b 0c 0d 0e 0f 10\n"
        for text in [
            "@@ -1,5 +1,5 @@\n \(row)-11 12\n+11 13\n value:\n No space left on device\n",
            "1,5c1,5\n" + Self.before("\(row) 11 12\nvalue:\nx\n") { _ in "< " } + "---\n"
                + Self.before("\(row) 11 13\nvalue:\nx\n") { _ in "> " },
        ] {
            let changed = KeyDump(Array(text.utf8))
            #expect(changed.keys.map { $0.bytes.suffix(2) } == [[0x11, 0x13], [0x11, 0x12]], "\(changed)")
            #expect(changed.added == [changed.keys[0]] && changed.removed == [changed.keys[1]])
            #expect(changed.problems.isEmpty)
        }
    }

    /// Nothing that may have been a key is passed over, and no failure.
    @Test(arguments: [
        "command terminated with exit code 137\n", "Segmentation fault\n", "Error: get by id (3): Permission denied\n",
        "xx 7f 00 00 01 zz\n", "| 01 02 03 04 | 05 06 |\n",
    ])
    func isNoMereSurroundings(_ line: String) {
        for text in [Self.plain, Self.json] {
            for text in [text + line, line + text] {
                let dump = KeyDump(Array(text.utf8))
                #expect(dump.keys.count == 1)
                #expect(dump.problems.count == 1, "\(text)")
            }
        }
    }

    @Test(arguments: ["> ", "2024-05-01T10:00:00Z ", "node-a | ", "[pod/x/y] "])
    func sixteenByteAddresses(_ prefix: String) throws {
        let rows =
            "20 01 0d b8 00 00 00 00  00 00 00 00 00 00 00 01\n20 01 0d b8 00 00 00 00  00 00 00 00 00 00 00 02\n"
        let text = "key:\n\(rows)02 00 00 00 c5 48 00 00  1f 90 00 00\nvalue:\nNo space left on device\n"
        let dump = KeyDump(Array(Self.before(text) { _ in prefix }.utf8))
        #expect(KeyDumpTests.claims(dump, .cilium) == ["[2001:db8::2]:8080 -> [2001:db8::1]:50504"])
        #expect(dump.problems.isEmpty)
    }

    /// Cut or damaged anywhere: problems are in order, have a line, and no key is made up of what stands around.
    @Test(arguments: ["diff.txt", "kprefix.txt", "prompt.json", "kubectl-ts.json", "v418.json"])
    func cutAndDamagedAnywhere(_ name: String) throws {
        let bytes = try KeyDumpTests.fixture("wrapped/\(name)")
        let size = try #require(KeyDump(bytes).keys.first?.count)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] = UInt8(ascii: "?")
            for text in [Array(bytes[..<index]), damaged] {
                let dump = KeyDump(text)
                let lines = text.count { $0 == UInt8(ascii: "\n") } + 1
                #expect(dump.problems.allSatisfy { (1...lines).contains($0.line) })
                #expect(zip(dump.problems, dump.problems.dropFirst()).allSatisfy { $0.line <= $1.line })
                #expect(dump.keys.allSatisfy { $0.count <= size }, "\(index)")
            }
        }
    }

    @Test(arguments: ["hello\n", "$ bpftool map dump id 3\n", "{\"a\":\"hello\"}", "```\n```\n"])
    func noDumpAtAll(_ text: String) {
        let dump = KeyDump(Array(text.utf8))
        #expect(dump.keys.isEmpty)
        #expect(dump.problemCount == 1)
    }
}
