import Testing
import UnstuckDiagnosis
import UnstuckModel
import UnstuckRender

@Suite("What a reader sees")
struct RenderingTests {
    func stuckNode(at monotonic: Double = 100, command: String = "web") -> NodeFixture {
        var node = NodeFixture(at: monotonic)
        node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
        node.zombie("203.0.113.7:8080", "192.0.2.10:50504", queued: 18)
        node.halfAccelerated("192.0.2.10:50504", "203.0.113.7:8080")
        node.snapshot.owners[0].command = command
        return node
    }

    @Test func tellsTheWholePath() {
        let look = stuckNode().snapshot
        let text = DiagnosisText(style: Style(isColoured: false, width: 120)).render(diagnose([look]), looks: [look])
        for part in [
            "node-a · Linux test · ", "sampled once", "✗ stuck: 192.0.2.10:50504 -> 203.0.113.7:8080",
            "  sockmap.misdirected\n",
            "    sends via     tcp_bpf_sendmsg -> program 7 \"redirect\" -> sockmap 35 \"cilium_sock_ops\"",
            "    delivered to  a dead socket: CLOSE, held open by web[2210] fd 17\n",
            "    receiver      blocked in tcp_recvmsg: ", "    misdelivered  18 bytes",
            "    ruled out     ",
            "\nrun this:\n    # dry run: would delete 1 stale entry, reset 1 connection; ",
            "\n    unstuck repair --map 35 --reset-stuck\n",
        ] {
            #expect(text.contains(part), "\(part) is missing:\n\(text)")
        }
    }

    /// Fifteen connections that are stuck for one reason are one finding with rows; those of another server are another one.
    @Test func whatIsAlikeIsOneFinding() throws {
        let looks = [100.0, 103.0].map { time in
            var node = NodeFixture(at: time)
            for (server, ports) in [("203.0.113.7:8080", 40_000..<40_015), ("203.0.113.8:8080", 40_100..<40_102)] {
                for port in ports {
                    let (_, receiver) = node.plain("192.0.2.10:\(port)", server)
                    node.change(receiver) {
                        $0.receiveNext = $0.receiveNext.map { $0 &+ 34 }
                        $0.bytesReceived = 34
                    }
                }
            }
            return node.snapshot
        }
        let diagnosis = diagnose(looks)
        #expect(diagnosis.findings.map { $0.connections?.count } == [15, 2])
        let text = DiagnosisText(style: .plain).render(diagnosis, looks: looks)
        let rows = text.split(separator: "\n" as Character).filter { $0.hasPrefix("    192.0.2.10:") }
        #expect(rows.count == 8, "\(text)")
        #expect(rows[0] == "    192.0.2.10:40000 -> 203.0.113.7:8080     34  3 s        0/34         0/0", "\(rows[0])")
        #expect(
            text.contains("\n    connection                            bytes  for  Recv-Q c/s  Send-Q c/s\n"), "\(text)"
        )
        #expect(text.contains("\n    … and 9 more (-v)\n"), "\(text)")
        #expect(!text.contains("run this:"), "there is nothing that a command repairs")
        let whole = DiagnosisText(style: .plain, isVerbose: true).render(diagnosis, looks: looks)
        #expect(whole.split(separator: "\n" as Character).count { $0.hasPrefix("    192.0.2.10:") } == 17)
        #expect(!whole.contains("more (-v)"))
    }

    @Test func notesAreCounted() {
        let looks = [100.0, 103.0].map { time in
            var node = NodeFixture(at: time)
            node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
            node.snapshot.sockmaps[0].maxEntries = 2
            return node.snapshot
        }
        let text = DiagnosisText(style: .plain).render(diagnose(looks), looks: looks)
        #expect(text.contains("\n1 note (-v): 1 sockmap.full\n✓ no fault found: 1 connection checked for "), "\(text)")
        #expect(!text.contains("run this:"))
    }

    /// Process, pod and map names are foreign text: nothing of them may act on a terminal.
    @Test func hostileNamesAreHarmless() {
        var node = stuckNode(command: "\u{1B}]0;owned\u{7}\u{202E}we\nb")
        node.snapshot.sockmaps[0].name = "map\u{1B}[2J"
        let looks = [node.snapshot]
        let diagnosis = diagnose(looks)
        let text = DiagnosisText(style: .plain).render(diagnosis, looks: looks)
        let plan = NodeView(looks).map { PlanText(style: .plain).render(makePlan($0, diagnosis)) } ?? ""
        for scalar in (text + plan).unicodeScalars {
            #expect(scalar == "\n" || scalar.value >= 0x20)
            #expect(!(0x7F...0x9F).contains(scalar.value) && scalar.value != 0x202E)
        }
    }

    /// A saved look gives the same verdict, and kernel addresses stay behind.
    @Test func aBundleGivesTheSameVerdict() throws {
        let looks = [stuckNode(at: 100).snapshot, stuckNode(at: 103).snapshot]
        let text = try JSON.text(looks)
        let read = try JSON.decode([Snapshot].self, from: Array(text.utf8))
        let (live, saved) = (diagnose(looks), diagnose(read))
        #expect(saved.findings.map(\.code) == live.findings.map(\.code))
        #expect(saved.findings.map(\.summary) == live.findings.map(\.summary))
        #expect(saved.suspects.count == live.suspects.count)
        for socket in looks[0].sockets { #expect(!text.contains("\(socket.socket.identity.address)")) }
    }

    /// Snapshots of version 1 have another key for the socket behind an entry.
    @Test func formerKeysOfEntriesAreRead() throws {
        let entry = try #require(stuckNode().snapshot.sockmaps[0].entries.first)
        let text = try JSON.text(entry)
        let formerKey = "\"resident\""  // version 1
        #expect(text.contains("\"socket\":{") && !text.contains(formerKey))
        let former = text.replacing("\"socket\":{", with: "\(formerKey):{")
        for document in [text, former] {
            let read = try JSON.decode(SockmapEntry.self, from: Array(document.utf8))
            #expect(read.key == entry.key && read.isStable == entry.isStable)
            #expect(read.socket.tuple == entry.socket.tuple && read.socket.inode == entry.socket.inode)
        }
    }

    @Test func streamsJSON() throws {
        var json = JSONStream()
        json.beginObject()
        json.key("a")
        json.value("q\"\\\u{1}\n")
        json.key("b")
        json.value(UInt64.max)
        json.key("c")
        json.value(false)
        json.endObject()
        var bytes: [UInt8] = []
        json.drain { unsafe $0.withUnsafeBytes { unsafe bytes += Array($0) } }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "{\"a\":\"q\\\"\\\\\\u0001\\u000a\",\"b\":18446744073709551615,\"c\":false}")
    }

    /// Names are whatever someone chose: what acts on a terminal stands escaped in JSON, and means the same.
    @Test(arguments: ["\u{202E}evil", "a\u{9B}31mb", "\u{7F}\u{2066}x\u{2028}", "tab\tquote\"\\ \u{200F}é𝄞", "plain é"])
    func JSONIsSafeOnATerminal(_ name: String) throws {
        var stream = JSONStream()
        stream.beginObject()
        stream.key("name")
        stream.value(name)
        stream.endObject()
        var bytes: [UInt8] = []
        stream.drain { unsafe $0.withUnsafeBytes { unsafe bytes += Array($0) } }
        for document in [String(decoding: bytes, as: UTF8.self), try JSON.text(["name": name])] {
            let line = document.hasSuffix("\n") ? String(document.dropLast()) : document
            #expect(line.unicodeScalars.allSatisfy { !$0.actsOnTerminals }, "\(line)")
            #expect(try JSON.decode([String: String].self, from: Array(line.utf8)) == ["name": name])
        }
    }
}
