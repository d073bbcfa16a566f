import Testing
import UnstuckDiagnosis
import UnstuckModel
import UnstuckRender

/// A diagnosis fits the terminal, whatever its width, and what is pasted from it stays whole.
@Suite("Width of the output")
struct WidthTests {
    static let widths = [60, 80, 100, 200]

    /// A node with a finding of most kinds, IPv4 and IPv6.
    private static let looks = [100.0, 103.0].map { time in
        var node = NodeFixture(at: time)
        node.snapshot.programs.append(BPFProgram(id: 8, name: "file_socket", maps: [NodeFixture.map], type: "sock_ops"))
        for port in 0..<8 { node.healthy("192.0.2.10:4000\(port)", "203.0.113.7:8080") }
        node.zombie("203.0.113.7:8080", "192.0.2.10:50504", queued: 18)
        node.halfAccelerated("192.0.2.10:50504", "203.0.113.7:8080")
        node.zombie("203.0.113.7:8080", "192.0.2.10:50505")
        let (wrong, _) = node.healthy("192.0.2.10:41000", "203.0.113.7:8080")
        node.file(wrong, as: NodeFixture.tuple("192.0.2.10:41001", "203.0.113.7:8080"))
        let servers = ["198.51.100.255:8080", "[2001:db8:1234:5678:9abc:def0:1234:5678]:8443"]
        for (client, server) in zip(["192.0.2.10", "[2001:db8:1111:2222:3333:4444:5555:6666]"], servers) {
            for port in 61_000..<61_015 {
                let (_, receiver) = node.plain("\(client):\(port)", server)
                node.change(receiver) {
                    $0.receiveNext = $0.receiveNext.map { $0 &+ 34 }
                    $0.bytesReceived = 34
                }
            }
        }
        node.snapshot.missingEvidence.append(
            MissingEvidence(.sockets, action: "read the sockets of 2 network namespaces", .needs("CAP_SYS_ADMIN")))
        return node.snapshot
    }

    private static func text(_ width: Int, _ characters: Characters = .unicode, isVerbose: Bool = false) -> String {
        let style = Style(isColoured: false, width: width, characters: characters)
        return DiagnosisText(style: style, isVerbose: isVerbose).render(diagnose(looks), looks: looks)
    }

    @Test(arguments: widths, [false, true])
    func noLineIsLonger(_ width: Int, _ isVerbose: Bool) {
        for line in Self.text(width, isVerbose: isVerbose).split(separator: "\n") {
            #expect(line.count <= width, "\(line)")
        }
    }

    /// Colour takes no columns.
    @Test func colourChangesNothingElse() {
        let painted = DiagnosisText(style: Style(isColoured: true, width: 80)).render(
            diagnose(Self.looks), looks: Self.looks)
        var bare = ""
        var isCode = false
        for scalar in painted.unicodeScalars {
            if scalar == "\u{1B}" { isCode = true }
            if !isCode { bare.unicodeScalars.append(scalar) }
            if scalar == "m" { isCode = false }
        }
        #expect(bare == Self.text(80))
    }

    /// Each tuple of a finding's own that fits a line is on one.
    @Test(arguments: widths)
    func noTupleIsBroken(_ width: Int) {
        let text = Self.text(width)
        for finding in diagnose(Self.looks).findings where finding.severity > .note {
            guard let tuple = finding.subject.connection, finding.connections?.count ?? 1 == 1,
                "\(tuple)".count <= width - 4
            else { continue }
            #expect(text.contains("\(tuple)"), "\(tuple):\n\(text)")
        }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            #expect(words.first != "->" && words.first != "<-", "\(line)")
            // One of IPv6 may be longer than a line: then it ends after the arrow.
            guard let last = words.last, last == "->" || last == "<-", width > 100 || !line.contains("[") else {
                continue
            }
            Issue.record("a tuple is broken: \(line)")
        }
    }

    /// A line ends where a word does.
    @Test(arguments: widths)
    func noWordIsBroken(_ width: Int) {
        let known = Set(Self.text(10_000).split(whereSeparator: \.isWhitespace))
        for word in Self.text(width).split(whereSeparator: \.isWhitespace)
        where word != "\\" && word != "client" && word != "#" {
            #expect(known.contains(word), "\(word)")
        }
    }

    @Test(arguments: widths, [false, true])
    func asciiIsASCII(_ width: Int, _ isVerbose: Bool) {
        let text = Self.text(width, .ascii, isVerbose: isVerbose)
        #expect(text.utf8.allSatisfy { $0 < 0x80 }, "\(text)")
        #expect(!text.contains("?\u{20}?"), "\(text)")
        for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
        #expect(text.contains("\nx stuck: "), "\(text)")
        #expect(text.contains("192.0.2.10:50504 -> 203.0.113.7:8080"))
    }

    /// The code is at the right margin of the first line.
    @Test(arguments: widths)
    func codesAreAligned(_ width: Int) {
        let heads = Self.text(width).split(separator: "\n").filter { $0.hasPrefix("✗ ") || $0.hasPrefix("! ") }
        #expect(heads.count >= 5)
        for head in heads { #expect(head.count == width && head.last != " ", "\(head)") }
    }

    /// What is to be run can be pasted: a line that goes on ends with a backslash, the rest are comments.
    @Test(arguments: widths)
    func commandsCanBePasted(_ width: Int) throws {
        let text = Self.text(width)
        let block = try #require(text.split(separator: "run this:\n").last)
        let lines = block.split(separator: "\n").filter { !$0.allSatisfy(\.isWhitespace) }
        let command = lines.filter { $0.drop { $0 == " " }.first != "#" }
            .map { $0.split(separator: "  #")[0] }.joined().replacing("\\", with: "")
            .split(separator: " ").joined(separator: " ")
        #expect(command == "unstuck repair --map 35 --reset-stuck")
    }
}
