import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel

/// Every JSON document that a command prints, of a real node with real faults, against its schema.
@Suite("The schemas of documents", .serialized, .requires(.sources, .native))
struct SchemaTests {
    @Test func theSchemasAreValidClosedAndDescribed() throws { #expect(try Schemas.flaws() == "") }

    /// Every command with JSON has a schema, and the other way round.
    @Test func everyCommandHasItsSchema() throws {
        let tree = try CommandTree(of: Programs.unstuck).all
        let printing = tree.filter { _, command in command.takes("output") && command.subcommands == nil }
        let commands = Set(printing.map { $0.words.joined(separator: " ") }).union(["collect"])
        #expect(Set(try Schemas.commands().values.joined()) == commands)
    }

    /// The validator can say no.
    @Test func whatIsNotDocumentedDoesNotFit() throws {
        let fits = #"{"schema":"unstuck.kernel.bugs/2","unstuck":"0","data":[]}"#
        #expect(try Schemas.misfits(of: fits, with: "kernel.bugs") == "")
        for wrong in [
            #"{"schema":"unstuck.kernel.bugs/2","unstuck":"0","data":[],"more":1}"#,
            #"{"schema":"unstuck.kernel.bugs/3","unstuck":"0","data":[]}"#,
            #"{"schema":"unstuck.kernel.bugs/2","unstuck":"0","data":[{"id":"a"}]}"#,
            #"{"schema":"unstuck.kernel.bugs/2","unstuck":"0","data":[],"data":[]}"#,
            #"{"schema":"unstuck.kernel.bugs/2","unstuck":"0","data":NaN}"#, "",
        ] {
            #expect(try Schemas.misfits(of: wrong, with: "kernel.bugs") != "", "\(wrong)")
        }
    }

    /// A stuck connection, its diagnosis here and from a saved bundle.
    @Test func stuckConnections() throws {
        let stuck = try SocketPair(keepsListening: true)
        let request = [UInt8]("GET / HTTP/1.1\r\n\r\n".utf8)
        let count = unsafe send(stuck.client, request, request.count, 0)
        #expect(count == request.count)
        let file = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: file) }

        let live = try Schemas.check("diagnose", ["diagnose", "--output", "json"], status: 1...1)
        #expect(live.text.contains("\"connections\":[{"), "a finding about connections")
        try Schemas.check("diagnose", ["diagnose", "--interval", "0", "--output", "json"])
        try Schemas.check("diagnose", ["diagnose", "--interval", "2", "--without-iterator", "--output", "json"])
        let saved = try Programs.run(Programs.unstuck, ["collect", "--file", file])
        #expect(saved.status != 64, "\(saved.errors)")
        let bundle = try String(contentsOfFile: file, encoding: .utf8)
        #expect(try Schemas.misfits(of: bundle, with: "collect") == "")
        try Schemas.check("kernel.facts", ["kernel", "facts", "--from", file, "--output", "json"])
        try Schemas.check("kernel.bugs", ["kernel", "bugs", "--from", file, "--output", "json"])
        try Schemas.check("diagnose", ["diagnose", "--from", file, "--output", "json"], status: 1...1)
        try Schemas.check("sockmaps.forecast", ["sockmaps", "forecast", "--from", file, "--output", "json"])
        withExtendedLifetime(stuck) {}
    }

    /// Every kind of row, once and with what moved; and two connections side by side.
    @Test func sockets() throws {
        let varied = try VariedSockets(rounds: 2)
        let pair = try SocketPair(keepsListening: true)
        for way in [[], ["--without-iterator"]] {
            let rows = try Schemas.check("sockets", ["sockets", "-o", "json"] + way, byLine: true)
            #expect(rows.text.contains("\"listener\":{") && rows.text.contains("\"server\":{"))
            try Schemas.check(
                "sockets", ["sockets", "-w", "--interval", "100ms", "--count", "2", "-o", "json"] + way, byLine: true)
        }
        try Schemas.check(
            "sockets.compare",
            ["sockets", "--compare", "\(pair.tuple)", "\(pair.tuple)", "--interval", "100ms", "-o", "json"])
        withExtendedLifetime((varied, pair)) {}
    }

    /// A map with live and stale entries: everything that is reported of maps, and a repair from plan to journal.
    @Test func maps() throws {
        let node = try DeadMap(dead: 3, live: 4)
        let map = ["--map", "\(node.map.id)"]
        let json = ["--output", "json"]
        let list = try Schemas.check("sockmaps.list", ["sockmaps", "list"] + map + json)
        #expect(list.text.contains("\"zombie\":3"))
        try Schemas.check("sockmaps.list", ["sockmaps", "list", "--without-iterator"] + map + json)
        try Schemas.check("sockmaps.entries", ["sockmaps", "entries"] + map + json, byLine: true)
        try Schemas.check(
            "sockmaps.entries", ["sockmaps", "entries", "--without-iterator"] + map + json, byLine: true)
        try Schemas.check("sockmaps.totals", ["sockmaps", "entries", "--totals"] + map + json)
        try Schemas.check("sockmaps.graph", ["sockmaps", "graph", "127.0.0.1"] + map + json)
        try Schemas.check("sockmaps.decode", ["sockmaps", "decode"] + map + json)
        try Schemas.check("sockmaps.forecast", ["sockmaps", "forecast", "--verify", "1"] + map + json)
        let found = try Schemas.check("diagnose", ["diagnose"] + map + json, status: 1...1)
        #expect(found.text.contains("sockmap.zombie"))
        try Schemas.check("collect", ["collect", "--interval", "0"] + map)

        let journal = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: journal) }
        let repair = ["repair", "--journal", journal] + map + json
        try Schemas.check("repair", repair + ["--interval", "0"], status: 1...1)
        try Schemas.check("repair", repair, status: 1...1)
        try Schemas.check("repair", repair + ["--apply", "--watch", "1"], status: 0...0)
        #expect(try node.deadEntries == 0)
        let written = try String(contentsOfFile: journal, encoding: .utf8)
        #expect(written.contains("\"event\":\"result\""))
        #expect(try Schemas.misfits(of: written, with: "repair.journal", byLine: true) == "")
    }

    /// What a guard did, and what it holds because bytes are unread.
    @Test func aGuard() throws {
        let node = try DeadMap(dead: 1, live: 2)
        let map = ["--map", "\(node.map.id)"]
        let guarding = try Programs.start(Programs.unstuck, ["guard", "up", "--sweep", "1", "--output", "json"] + map)
        defer { guarding.terminate() }
        try expectSoon("the guard did not remove the stale entry") { try node.deadEntries == 0 }
        let status = try Schemas.check("guard", ["guard", "status", "--output", "json"])
        #expect(status.text.contains("\"map\":\(node.map.id),"))
        guarding.terminate()
        let ended = try guarding.wait()
        #expect(try Schemas.misfits(of: ended.text, with: "guard") == "", "\(ended.errors)")
        try Schemas.check("guard", ["guard", "down", "--output", "json"] + map)
        try Schemas.check("bypass", ["bypass", "status", "--output", "json"])
    }

    /// An accelerator with pods, live connections, zombies, and one connection that hangs; its map bypassed, then guarded.
    @Test func anAcceleratedNode() throws {
        let bypassed = try BypassedLab("schema")
        let lab = bypassed.lab
        let load = try bypassed.load(connections: 2)
        #expect(try lab.entries(atLeast: 4) >= 4)
        _ = try lab.breakIt(["zombie", "--pod", "shop/web-0", "--count", "2"])
        let victim = try lab.victim()
        let map = ["--map", "\(bypassed.map)"]
        let json = ["--output", "json"]
        func check(_ schema: String, _ arguments: [String], byLine: Bool = false) throws -> String {
            try Schemas.check(schema, arguments + map + json, byLine: byLine, run: lab.unstuck).text
        }
        let found = try check("diagnose", ["diagnose"])
        #expect(found.contains("sockmap.misdirected"))
        #expect(try check("sockmaps.list", ["sockmaps", "list"]).contains("\"attachments\":[{"))
        #expect(try check("sockmaps.graph", ["sockmaps", "graph"]).contains("\"sockets\":[{"))
        #expect(try check("sockmaps.forecast", ["sockmaps", "forecast"]).contains("\"routes\":[{"))
        #expect(try check("sockmaps.totals", ["sockmaps", "entries", "--totals"]).contains("shop/web-0"))
        #expect(
            try check("sockmaps.entries", ["sockmaps", "entries"], byLine: true).contains("\"queued_bytes\":"),
            "the request of the connection that hangs")
        #expect(try check("repair", ["repair", "--reset-stuck"]).contains("\"ends\":[{"))
        let saved = try lab.unstuck(["collect"] + map)
        #expect(saved.text.contains("\"msgProgram\":"))
        #expect(try Schemas.misfits(of: saved.text, with: "collect") == "")

        #expect(try check("bypass", ["bypass", "on", "--for", "10m"]).contains("\"keeper\":"))
        let status = try Schemas.check("bypass", ["bypass", "status"] + json, run: lab.unstuck)
        #expect(status.text.contains("\"condition\":\"bypassed\""))
        #expect(try check("bypass", ["bypass", "off"]).contains("\"condition\":\"original\""))

        #expect(try check("guard", ["guard", "up", "--pin"]).contains("\"isPinned\":true"))
        try Schemas.check("guard", ["guard", "status"] + json, run: lab.unstuck)
        _ = try check("guard", ["guard", "down"])
        victim.terminate()
        try bypassed.clean(load)
        try lab.down()
    }

    @Test func theKernel() throws {
        for command in ["facts", "bugs", "features", "canary"] {
            try Schemas.check("kernel.\(command)", ["kernel", command, "--output", "json"])
        }
        let folder = FileManager.default.temporaryDirectory
        let files = try ["supported", "unsupported"].map { answer in
            let file = folder.appending(path: "unstuck-test-\(UUID().uuidString).json")
            let features = #"{"kernel":"6.1","prober":"a","mapTypes":{"sockhash":"\#(answer)","b":"inconclusive"},"#
            let document = #"{"schema":"unstuck.kernel.features/1","unstuck":"0","data":\#(features)"helpers":{}}}"#
            try Data(document.utf8).write(to: file)
            return file.path
        }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        let diff = try Schemas.check("kernel.diff", ["kernel", "diff"] + files + ["--output", "json"], status: 1...1)
        #expect(diff.text.contains("sockhash"))
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "UnstuckFormatsTests/Fixtures").path
        let foreign = ["bpftool-6.18.json", "new-node-features.h"].map { "\(fixtures)/features/\($0)" }
        let apart = try Schemas.check(
            "kernel.diff", ["kernel", "diff"] + foreign + ["--output", "json"], status: 0...2)
        #expect(apart.text.contains("\"refusedLeft\":[{") && apart.text.contains("\"onlyRight\":[{"))
        let changelog = ["--changelog", "\(fixtures)/changelogs/debian-6.1.txt", "--kernel", "6.1.187-1"]
        try Schemas.check("kernel.bugs", ["kernel", "bugs"] + changelog + ["--output", "json"], status: 2...2)
    }

    @Test func probes() throws {
        let listener = try LoopbackListener()
        let json = ["--output", "json"]
        let target = "127.0.0.1:\(listener.port)"
        try Schemas.check("probe", ["probe", target, "--tcp"] + json, status: 0...0)
        try Schemas.check("probe", ["probe", target, "--timeout", "0.2"] + json, status: 1...1)
        try Schemas.check("probe", ["probe", "127.0.0.1:1", "--repeat", "2", "--interval", "0"] + json, status: 1...1)
        let refused = try Schemas.check("probe", ["probe", target, "--netns", "nosuch"] + json, status: 2...2)
        #expect(refused.text.contains("\"error\":{"))
    }

    /// A log with failures of every kind, whose candidates are looked up and probed; and one without candidates.
    @Test func aKubeletsLog() throws {
        let listener = try LoopbackListener()
        let target = "127.0.0.1:\(listener.port)"
        let lines = [
            "{\"ts\":1796000000123.4,\"msg\":\"Probe failed\",\"probeType\":\"Readiness\",\"pod\":{\"name\":\"web-0\",\"namespace\":"
                + "\"shop\"},\"podUID\":\"u\",\"containerName\":\"web\",\"output\":\"Get \\\"http://\(target)/\\\": read tcp "
                + "192.0.2.1:5->\(target): i/o timeout\"}",
            "Warning  Unhealthy  3m (x12 over 10m)  kubelet  Startup probe errored: unexpected EOF",
            "\"Probe errored\" err=\"context deadline exceeded (Client.Timeout or context cancellation while reading body)\"",
        ]
        let document = try Schemas.check(
            "diagnose.kubelet", ["diagnose"] + lines + ["--probe", "-o", "json"], status: 1...1)
        for words in ["\"verdict\":\"stuck\"", "\"unanswered\":1", "\"suspicion\":\"weak\"", "\"perMinute\":1.1"] {
            #expect(document.text.contains(words), "\(words): \(document.text)")
        }
        try Schemas.check("diagnose.kubelet", ["diagnose", lines[1], "-o", "json"], status: 0...0)
        withExtendedLifetime(listener) {}
    }

    @Test func keys() throws {
        for ends in [["192.0.2.1:80", "192.0.2.2:40000"], ["[2001:db8::1]:80", "[2001:db8::2]:40000"]] {
            try Schemas.check(
                "sockmaps.encode", ["sockmaps", "encode"] + ends + ["--layout", "cilium", "--output", "json"],
                status: 0...0)
        }
        let dump = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: dump) }
        // Not decoded; two readings, of which the ports say nothing; a diff with a key that fits no layout.
        let ends = "c0 00 02 0a cb 00 71 0a  c5 48 00 00 1f 90 00 00"
        let envoy = "7f 00 00 01 7f 00 00 01  01 00 00 00 cd 2a 00 00\n 23 82 00 00\n value:\n <no entry>\n"
        let diff =
            "@@ -1 +1 @@\n key:\n \(envoy)+key:\n+\(envoy.replacing("\n ", with: "\n+"))"
            + "+key:\n+00 00 00 00 7f 00 00 01  01 00 00 00 cd 2a 00 00\n+23 82 00 00\n+value:\n+x\n"
            + "-key:\n-7f 00 00 02 7f 00 00 01  01 00 00 00 cd 2a 00 00\n-23 82 00 00\n-value:\n-x\n"
        for text in [
            "key:\nc0 00 02 01\nvalue: nothing\nwhat is this\n", #"[{"key":["0x01","0x02"]}]"#, diff,
            String(repeating: "key: \(ends)\nvalue: No space left on device\n", count: 3),
        ] {
            try Data(text.utf8).write(to: URL(filePath: dump))
            try Schemas.check("sockmaps.decode", ["sockmaps", "decode", dump, "--output", "json"])
        }
    }

    /// No document at all, and which maps there are.
    @Test(arguments: ["nosuch", "4294967290"])
    func aMapThatIsNotThere(_ word: String) throws {
        let there = try TestMap()
        for command in [
            ["diagnose"], ["collect"], ["repair"], ["sockmaps", "list"], ["sockmaps", "entries"],
            ["sockmaps", "graph"], ["sockmaps", "forecast"], ["sockmaps", "decode"], ["guard", "down"],
            ["guard", "up"],
            ["bypass", "off"], ["bypass", "on"],
        ] {
            let json = command == ["collect"] ? [] : ["--output", "json"]
            let output = try Programs.run(Programs.unstuck, command + ["--map", word] + json)
            #expect(output.status == 2, "\(command)")
            #expect(output.text == "", "\(command)")
            #expect(output.errors.contains("no SOCKMAP or SOCKHASH \(word)"), "\(command): \(output.errors)")
            // The first ones, and how many more there are.
            let isListed = output.errors.contains("\(there.id) (unstuck_test)") || output.errors.contains(" more")
            #expect(isListed, "\(command): \(output.errors)")
        }
    }
}
