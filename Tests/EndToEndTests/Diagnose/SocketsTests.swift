import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckLab
import UnstuckModel

/// `unstuck sockets`: every socket of every namespace with every field as ss shows it, both ends in one row.
@Suite("Sockets", .serialized)
struct SocketsTests {
    /// One end of a row.
    struct End {
        var members: [String: Any]
        func number(_ name: String) -> Double? { (members[name] as? NSNumber)?.doubleValue }
        func text(_ name: String) -> String? { members[name] as? String }
    }

    static func rows(_ arguments: [String]) throws -> [[String: Any]] {
        let output = try Programs.run(Programs.unstuck, ["sockets", "-o", "json"] + arguments)
        #expect(output.status != 64, "\(output.errors)")
        return try output.text.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    static func end(_ row: [String: Any], _ name: String) -> End? { (row[name] as? [String: Any]).map(End.init) }

    // MARK: Against ss

    /// What an end is called: its own address and its peer's; of a listener its own.
    private static func ends(_ rows: [[String: Any]]) -> [String: End] {
        var ends: [String: End] = [:]
        for row in rows {
            let (client, server) = (row["client_address"] as? String ?? "", row["server_address"] as? String ?? "")
            if let end = end(row, "client") { ends["\(client) \(server)"] = end }
            if let end = end(row, "server") { ends["\(server) \(client)"] = end }
            if let end = end(row, "listener") { ends[end.text("address") ?? ""] = end }
        }
        return ends
    }

    private static func listed(in network: PrivateNetwork) throws -> [String: ListedBySS] {
        let outcome = try network.run { try Child.run(["/usr/bin/env", "ss", "-tainoemOH"], within: .seconds(120)) }
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        var listed: [String: ListedBySS] = [:]
        for line in outcome.output.split(separator: "\n") {
            guard let socket = ListedBySS(line: line) else { continue }
            listed[socket.state == "LISTEN" ? socket.local : "\(socket.local) \(socket.remote)"] = socket
        }
        return listed
    }

    /// What of one end is not as ss had it before and after: a number that moves lies between the two.
    private static func misfits(_ end: End, _ before: ListedBySS, _ after: ListedBySS, withoutIterator: Bool)
        -> [String]
    {
        var found: [String] = []
        func expect(_ isSo: Bool, _ words: String) { if !isSo { found.append(words) } }
        expect(end.text("state") == before.state, "state \(end.text("state") ?? "-"), ss \(before.state)")
        expect((end.text("timer") ?? "none") == before.timer ?? "none", "timer \(end.text("timer") ?? "-")")
        // What is left of a socket has no counters and no queues.
        let isMini = before.timer == "timewait" || before.state == "SYN_RECV"
        for (name, value) in before.numbers {
            if isMini, !["timer_ms", "timer_count"].contains(name) { continue }
            // A socket that no process has is nobody's in ss.
            if name == "uid" || name == "inode", before.numbers["inode"] ?? 0 == 0 { continue }
            // Before the handshake nothing has come or gone: ss shows the clock itself.
            if before.state == "SYN_SENT", ["lastsnd_ms", "lastrcv_ms", "lastack_ms"].contains(name) {
                expect(end.number(name) == nil, "\(name) \(end.number(name) ?? 0) before the handshake")
                continue
            }
            guard let later = after.numbers[name], let ours = end.number(name) else {
                expect(false, "\(name) \(end.number(name).map { "\($0)" } ?? "absent"), ss \(value)")
                continue
            }
            let slack = max(before.roundings[name] ?? 0, after.roundings[name] ?? 0)
            expect(
                ours >= min(value, later) - slack && ours <= max(value, later) + slack,
                "\(name) \(ours), ss \(value) and \(later)")
        }
        if before.state != "LISTEN", !isMini {
            let options = Set(end.members["options"] as? [String] ?? [])
            let limited: Set<String> = (end.members["app_limited"] as? Bool) == true ? ["app_limited"] : []
            expect(
                options.subtracting(["wscale", "fastopen"]).union(limited) == before.options,
                "options \(options) \(limited), ss \(before.options)")
            expect(end.text("congestion") == before.congestion, "congestion \(end.text("congestion") ?? "-")")
            if !withoutIterator { expect(end.text("recvmsg") == "tcp_recvmsg", "handler") }
        }
        return found
    }

    /// 500 sockets in many states over both families: those of ss, and every field of each.
    @Test(arguments: [false, true])
    func everyFieldIsAsSSShowsIt(withoutIterator: Bool) throws {
        // Under emulation a sample of all takes longer than half-closed sockets live.
        let rounds = Scale.of(28, small: 8)
        let sockets = try VariedSockets(rounds: rounds)
        let arguments = (withoutIterator ? ["--without-iterator"] : []) + ["netns \(sockets.network.inode)"]
        let first = try Self.listed(in: sockets.network)
        var problems: [String: String] = [:]
        // Between two samples a timer may have led to something: another time it has not.
        var left = Set(first.keys)
        let isSame = try Wait.until(within: 120) {
            let before = try Self.listed(in: sockets.network)
            let ours = Self.ends(try Self.rows(arguments))
            let after = try Self.listed(in: sockets.network)
            for name in left {
                guard let listed = before[name], let later = after[name], let end = ours[name] else {
                    problems[name] = ours[name] == nil ? "not listed by us" : "not listed by ss any more"
                    continue
                }
                let misfits = Self.misfits(end, listed, later, withoutIterator: withoutIterator)
                if misfits.isEmpty { left.remove(name) } else { problems[name] = misfits.joined(separator: ", ") }
            }
            // Nor do we list what ss does not.
            return left.isEmpty && Set(ours.keys).subtracting(before.keys).subtracting(after.keys).isEmpty
        }
        let shown = left.sorted().prefix(20).map { "\($0): \(problems[$0] ?? "")" }
        #expect(isSame, "\(left.count): \(shown.joined(separator: "\n"))")
        let states = Dictionary(grouping: first.values, by: \.state).mapValues(\.count)
        #expect(states.values.reduce(0, +) >= rounds * 18, "\(states)")
        for state in ["ESTABLISHED", "LISTEN", "SYN_SENT", "SYN_RECV", "CLOSE_WAIT", "FIN_WAIT2", "TIME_WAIT"] {
            #expect(states[state] ?? 0 >= rounds, "\(state): \(states)")
        }
    }

    /// A connection is one row, whichever its ends are in: established, half closed, in a handshake, closing.
    @Test func bothEndsAreOneRow() throws {
        let sockets = try VariedSockets(rounds: 2)
        for arguments in [[], ["--without-iterator"]] {
            let rows = try Self.rows(arguments + ["netns \(sockets.network.inode) and not listening"])
            let pairs = rows.compactMap { row -> String? in
                guard let client = Self.end(row, "client"), let server = Self.end(row, "server") else { return nil }
                return "\(client.text("state") ?? "")/\(server.text("state") ?? "")"
            }
            let counts = Dictionary(grouping: pairs, by: { $0 }).mapValues(\.count)
            #expect(counts["ESTABLISHED/ESTABLISHED"] ?? 0 >= 10, "\(counts)")
            #expect(counts["FIN_WAIT2/CLOSE_WAIT"] == 2, "\(counts)")
            #expect(counts["CLOSE_WAIT/FIN_WAIT2"] == 2, "\(counts)")
            #expect(counts["ESTABLISHED/SYN_RECV"] == 2, "\(counts)")
        }
    }

    // MARK: Filters, order, text

    @Test func filtersAndSorts() throws {
        let quiet = try SocketPair(keepsListening: true)
        let loud = try SocketPair(isV6: true, keepsListening: true)
        let bytes = [UInt8](repeating: 1, count: 700)
        #expect(unsafe send(loud.client, bytes, 700, 0) == 700)
        #expect(unsafe send(quiet.client, bytes, 18, 0) == 18)
        let ports = "(port \(quiet.tuple.local.port) or port \(loud.tuple.local.port))"
        func servers(_ arguments: [String]) throws -> [String] {
            try Self.rows(arguments).compactMap { $0["server_address"] as? String }
        }
        let both = ["\(loud.tuple.local)", "\(quiet.tuple.local)"]
        try expectSoon("the bytes did not arrive") {
            try servers(["\(ports) and recv_q > 0", "--sort", "recv_q"]) == both
        }
        #expect(try servers(["\(ports) established", "--sort", "Recv-Q", "--reverse"]) == both.reversed())
        #expect(try servers(["\(ports)", "and", "recv_q", "=", "18"]) == [both[1]])
        #expect(try servers(["-6", ports, "pid \(getpid())"]) == [both[0]])
        #expect(try servers(["-4", ports]) == [both[1]])
        #expect(try servers([ports, "and pid 1"]).isEmpty)
        #expect(try servers(["\(quiet.tuple)"]) == [both[1]], "a tuple can be pasted")
        #expect(try servers(["\(quiet.tuple.reversed)"]) == [both[1]], "either way")
        let row = try #require(try Self.rows(["\(quiet.tuple)"]).first)
        let owners = try #require(Self.end(row, "server")?.members["owners"] as? [[String: Any]])
        #expect(owners.count == 1 && owners[0]["pid"] as? Int == Int(getpid()))
        #expect(owners[0]["fd"] as? Int == Int(quiet.server))

        let wrong = try Programs.run(Programs.unstuck, ["sockets", "port 80 and stat established"])
        #expect(wrong.status == 64)
        #expect(wrong.errors.contains("at character 13: 'stat' is no condition"), "\(wrong.errors)")
        #expect(wrong.errors.contains("\n              ^"), "\(wrong.errors)")
        for mistakes in [
            ["--sort", "nope"], ["--compare", "port 1"], ["--count", "2"], ["--reverse"], ["-4", "-6"],
        ] {
            #expect(try Programs.run(Programs.unstuck, ["sockets"] + mistakes).status == 64, "\(mistakes)")
        }
        withExtendedLifetime((quiet, loud)) {}
    }

    @Test func textFitsTheTerminal() throws {
        let pair = try SocketPair(keepsListening: true)
        #expect(unsafe send(pair.client, [1, 2, 3], 3, 0) == 3)
        let filter = "port \(pair.tuple.local.port)"
        try expectSoon("the bytes did not arrive") {
            let text = try Programs.run(Programs.unstuck, ["sockets", filter]).text
            return text.contains("0/3") && text.contains("ESTABLISHED")
        }
        let wide = try Programs.run(Programs.unstuck, ["sockets", filter]).text
        #expect(wide.contains("\(pair.tuple.reversed)"), "\(wide)")
        #expect(wide.contains("tcp_recvmsg") && wide.contains("[\(getpid())] fd \(pair.client)"), "\(wide)")
        #expect(wide.contains("\nlistener "), "\(wide)")
        for columns in [80, 40] {
            let narrow = try Programs.run(
                Programs.unstuck, ["sockets", "-v", filter], environment: ["COLUMNS": "\(columns)"]
            ).text
            // A tuple is one word.
            let longest = max(columns, "\(pair.tuple)".count)
            #expect(narrow.split(separator: "\n").allSatisfy { $0.count <= longest }, "\(narrow)")
            #expect(narrow.contains("rto_us"), "\(narrow)")
        }
        let none = try Programs.run(Programs.unstuck, ["sockets", "port 1 and port 2"])
        #expect(none.text.isEmpty && none.errors.contains("no such socket"), "\(none)")
        withExtendedLifetime(pair) {}
    }

    /// A process may call itself anything.
    @Test func hostileNamesAreEscaped() throws {
        let pair = try SocketPair()
        let own = try String(contentsOfFile: "/proc/self/comm", encoding: .utf8)
        defer { try? own.write(toFile: "/proc/self/comm", atomically: false, encoding: .utf8) }
        try "a\u{1B}[31m\"\\\u{202E}b".write(toFile: "/proc/self/comm", atomically: false, encoding: .utf8)
        let filter = ["\(pair.tuple)", "pid \(getpid())"]
        for options in [[], ["-v"], ["-o", "json"], ["-o", "json", "--without-iterator"], ["--without-iterator"]] {
            let text = try Programs.run(Programs.unstuck, ["sockets"] + options + filter).text
            #expect(text.contains("[31m"), "\(options): \(text)")
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !$0.actsOnTerminals }, "\(options): \(text)")
        }
        let row = try #require(try Self.rows(filter).first)
        let owners = try #require(Self.end(row, "client")?.members["owners"] as? [[String: Any]])
        #expect(owners[0]["command"] as? String == "a\u{1B}[31m\"\\\u{202E}b")
        withExtendedLifetime(pair) {}
    }

    /// The handlers and the queue of a socket in a sockmap.
    @Test func aSocketInASockmap() throws {
        let pair = try SocketPair()
        let map = try TestMap()
        try map.passMessages()
        try map.put(pair.server, as: pair.tuple)
        let row = try #require(try Self.rows(["\(pair.tuple)"]).first)
        let server = try #require(Self.end(row, "server") ?? Self.end(row, "client"))
        let ends = [Self.end(row, "client"), Self.end(row, "server")].compactMap { $0 }
        let mapped = try #require(ends.first { $0.text("recvmsg") == "tcp_bpf_recvmsg" }, "\(server.members)")
        #expect(mapped.number("psock_bytes") == 0)
        #expect(mapped.number("msg_program") ?? 0 > 0)
        #expect(
            ends.count == 2 && ends.contains { $0.text("recvmsg") == "tcp_recvmsg" && $0.number("psock_bytes") == nil })
    }

    // MARK: Two samples

    @Test func watchShowsWhatMoved() throws {
        let pair = try SocketPair(keepsListening: true)
        let filter = "\(pair.tuple)"
        let watching = try Programs.start(
            Programs.unstuck, ["sockets", "-w", "--interval", "200ms", "-o", "json", filter])
        defer { watching.terminate() }
        expectSoon("no first sample") { watching.outputSoFar.contains("\"sample\":1,") }
        #expect(unsafe send(pair.client, [UInt8](repeating: 1, count: 18), 18, 0) == 18)
        func lines() throws -> [[String: Any]] {
            try watching.outputSoFar.split(separator: "\n").dropLast().compactMap {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
        }
        func moved(_ name: String, _ field: String) throws -> [Int] {
            try lines().compactMap { (Self.end($0, name)?.members["moved"] as? [String: Any])?[field] as? Int }
        }
        try expectSoon("nothing moved") {
            try moved("client", "bytes_sent") == [18] && moved("server", "bytes_received") == [18]
        }
        let first = try #require(try lines().first)
        #expect(Self.end(first, "client")?.members["moved"] == nil, "the first sample has nothing before it")
        let quiet = try Programs.run(
            Programs.unstuck, ["sockets", "-w", "--interval", "100ms", "--count", "2", filter])
        #expect(quiet.text.contains("sample 2, ") && quiet.text.contains("nothing"), "\(quiet.text)")
        withExtendedLifetime(pair) {}
    }

    /// Section 4.2 of the incident: in one connection segments move, in the other they do not.
    @Test func comparesTwoConnections() throws {
        let normal = try SocketPair(keepsListening: true)
        let abnormal = try SocketPair(isV6: true, keepsListening: true)
        let comparing = try Programs.start(
            Programs.unstuck,
            ["sockets", "--compare", "\(normal.tuple)", "\(abnormal.tuple)", "--interval", "3s", "-o", "json"])
        // All the while, so that it falls between both samples.
        while comparing.isRunning {
            #expect(unsafe send(normal.client, [1], 1, Int32(MSG_DONTWAIT)) == 1)
            usleep(20_000)
        }
        let output = try comparing.wait()
        #expect(output.status == 0, "\(output.errors)")
        let document = try JSONValue(output.text)
        #expect(document["schema"].text == "unstuck.sockets.compare/1")
        func growth(_ subject: String, _ side: String, _ field: String) -> Int? {
            let value = document["data"][subject][side]["values"].array.first { $0["field"].text == field }
            return value.map { Int($0["after"].number) - Int($0["before"].number) }
        }
        for (side, field) in [("client", "bytes_sent"), ("client", "segs_out"), ("server", "bytes_received")] {
            #expect(growth("a", side, field) ?? 0 > 0, "\(field): \(output.text)")
            #expect(growth("b", side, field) == 0, "\(field): \(output.text)")
        }
        let text = try Programs.run(
            Programs.unstuck, ["sockets", "--compare", "\(normal.tuple)", "\(abnormal.tuple)", "--interval", "100ms"])
        #expect(text.text.contains("B: in ") && text.text.contains("no counter moved"), "\(text.text)")
        let several = try Programs.run(Programs.unstuck, ["sockets", "--compare", "port 1", "\(normal.tuple)"])
        #expect(several.status == 2 && several.errors.contains("chooses no connection"), "\(several)")
        withExtendedLifetime((normal, abnormal)) {}
    }
}
