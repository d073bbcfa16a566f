import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel

/// Connections that hold bytes and do not move, and their control cases: real sockets, through the program as users run it.
/// What else the machine has is none of these tests' business: they ask for the connections that they made.
@Suite("Connections that do not move", .serialized)
struct StuckTests {
    /// The rows about one connection, as its client sees it, with what their finding says.
    struct Row {
        var code: String
        var severity: String
        var row: JSONValue
        var holders: [Double]

        var place: String { "\(row["place"]["side"].text) \(row["place"]["queue"].text)" }
    }

    struct Answer {
        var status: Int32
        var diagnosis: JSONValue

        func rows(_ client: String, _ server: String) -> [Row] {
            diagnosis["findings"].array.flatMap { finding in
                finding["connections"].array.filter { $0["client"].text == client && $0["server"].text == server }
                    .map {
                        Row(
                            code: finding["code"].text, severity: finding["severity"].text, row: $0,
                            holders: finding["subject"]["holders"].array.map { $0["pid"].number })
                    }
            }
        }

        func rows(_ pair: SocketPair) -> [Row] { rows("\(pair.tuple.remote)", "\(pair.tuple.local)") }

        func unsettled(_ client: String, _ server: String) -> [String] {
            diagnosis["unsettled"].array.filter {
                $0["connection"]["local"].text == client && $0["connection"]["remote"].text == server
            }.map { $0["reason"].text }
        }
    }

    private func diagnose(_ arguments: [String] = []) throws -> Answer {
        let output = try Programs.run(Programs.unstuck, ["diagnose", "--output", "json"] + arguments)
        return Answer(status: output.status, diagnosis: try JSONValue(output.text)["data"])
    }

    private static let request = [UInt8]("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

    private static func send(_ bytes: [UInt8], on descriptor: Int32) throws {
        let count = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT))
        guard count == bytes.count else { throw SystemError("send", "\(descriptor)", errno: errno) }
    }

    /// Sends until no more is taken.
    private static func fill(_ descriptor: Int32) {
        let bytes = [UInt8](repeating: 1, count: 65536)
        while unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {}
    }

    /// A thread that reads a little of a descriptor every now and then, for as long as it lives.
    private final class SlowReader {
        private let thread: Thread

        init(_ descriptor: Int32, bytes: Int) {
            thread = Thread {
                var buffer = [UInt8](repeating: 0, count: bytes)
                while !Thread.current.isCancelled {
                    _ = unsafe recv(descriptor, &buffer, bytes, Int32(MSG_DONTWAIT))
                    usleep(100_000)
                }
            }
            thread.start()
        }

        deinit { thread.cancel() }
    }

    /// All at once: what nobody reads is found, what is read or holds nothing is not, and saved samples say the same.
    @Test func unreadSlowIdleAndClosed() throws {
        let unread = try SocketPair(keepsListening: true)
        try Self.send(Self.request, on: unread.client)
        let shut = try SocketPair(isV6: true, keepsListening: true)
        Self.fill(shut.client)
        let slow = try SocketPair(keepsListening: true)
        Self.fill(slow.client)
        let reader = SlowReader(slow.server, bytes: 64)
        let idle = try SocketPair(keepsListening: true)
        let closed = try SocketPair(keepsListening: true)
        try Self.send(Self.request, on: closed.client)
        try syscall("shutdown", on: "the client") { shutdown(closed.client, Int32(SHUT_WR)) }

        // A receiver's buffer still grows when its window shuts for the first time: it takes a little more.
        try expectSoon { try !diagnose().rows(shut).isEmpty }

        let file = FileManager.default.temporaryDirectory.appending(path: "unstuck-test-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        _ = try Programs.run(Programs.unstuck, ["collect", "--file", file.path])
        for answer in [try diagnose(), try diagnose(["--from", file.path])] {
            #expect(answer.status == 1)
            let found = answer.rows(unread)
            #expect(found.map(\.code) == ["app.not-reading"])
            #expect(found.map(\.severity) == ["critical"])
            #expect(found.map(\.place) == ["server receive"])
            #expect(found.first?.row["bytes"].number == Double(Self.request.count))
            #expect(found.first?.row["seconds"].number ?? 0 >= 2)
            #expect(found.first?.row["ends"].array.count == 2)
            // Its own process, which holds both ends.
            #expect(found.first?.row["ends"][1]["holder"]["pid"].number == Double(getpid()))

            let full = answer.rows(shut)
            #expect(full.map(\.code) == ["app.not-reading"])
            #expect(full.map(\.place) == ["server receive"])
            #expect(full.first?.row["ends"][0]["unacknowledgedBytes"].number ?? 0 > 0)

            #expect(answer.rows(closed).map(\.code) == ["app.closed-unread"])
            #expect(answer.rows(closed).map(\.severity) == ["note"])
            for control in [slow, idle] {
                #expect(answer.rows(control).isEmpty)
                #expect(answer.unsettled("\(control.tuple.remote)", "\(control.tuple.local)") == [])
            }
        }
        let text = try Programs.run(Programs.unstuck, ["diagnose"]).text
        #expect(text.contains("no other fault found: "), "\(text)")
        #expect(!text.contains("✓"), "\(text)")
        withExtendedLifetime((reader, idle)) {}
    }

    /// One sample cannot tell, and says so.
    @Test func oneSampleIsInconclusive() throws {
        let unread = try SocketPair(keepsListening: true)
        try Self.send(Self.request, on: unread.client)
        let once = try diagnose(["--interval", "0"])
        #expect(once.status != 0)
        #expect(once.rows(unread).isEmpty)
        #expect(once.unsettled("\(unread.tuple.remote)", "\(unread.tuple.local)") == ["one-sample"])
        let text = try Programs.run(Programs.unstuck, ["diagnose", "--interval", "0"]).text
        #expect(text.contains("one sample cannot show whether"), "\(text)")
    }

    /// It waits in the accept queue with its request.
    @Test func neverAccepted() throws {
        let listener = try LoopbackListener()
        let probe = try Programs.start(
            Programs.unstuck, ["probe", "http://127.0.0.1:\(listener.port)/", "--timeout", "600"])
        defer { probe.terminate() }
        try expectSoon { try !rows(of: diagnose(), to: listener.port).isEmpty }
        let found = try rows(of: diagnose(), to: listener.port)
        #expect(found.map(\.place) == ["server receive"])
        #expect(found.first?.row["ends"][1]["isAccepted"].number == 0)
        #expect(found.first?.row["ends"][0]["holder"]["pid"].number == Double(probe.pid))
    }

    /// A process that was stopped by a signal; before that it waited for an answer, which is nothing to find.
    @Test func stoppedByASignal() throws {
        let listener = try LoopbackListener()
        let probe = try Programs.start(
            Programs.unstuck, ["probe", "http://127.0.0.1:\(listener.port)/", "--timeout", "600"])
        defer {
            kill(probe.pid, SIGCONT)
            probe.terminate()
        }
        let server = try listener.accept()
        var request = [UInt8](repeating: 0, count: 4096)
        expectSoon("no request came") { unsafe recv(server.raw, &request, request.count, 0) > 0 }
        #expect(try rows(of: diagnose(), to: listener.port).allSatisfy { $0.code == "app.silent" })

        kill(probe.pid, SIGSTOP)
        try expectSoon("the process was not stopped") { try Self.state(probe.pid) == "T" }
        try Self.send([UInt8]("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".utf8), on: server.raw)
        let found = try rows(of: diagnose(), to: listener.port)
        #expect(found.map(\.code) == ["app.stopped"])
        #expect(found.map(\.place) == ["client receive"])
        #expect(found.first?.row["ends"][0]["holder"]["pid"].number == Double(probe.pid))

        kill(probe.pid, SIGCONT)
        try expectSoon("it reads on and is listed all the same") { try rows(of: diagnose(), to: listener.port).isEmpty }
    }

    /// Redirected by an accelerator into the queue of a socket that nobody accepts: neither ss nor tcp_info shows it.
    @Test func acceleratedAndNeverAccepted() throws {
        let lab = try RealLab("unaccepted")
        try lab.start(
            "node",
            [Programs.unstuck, "probe", "http://203.0.113.10:6060/", "--source-port", "50700", "--timeout", "600"])
        func found() throws -> [Row] {
            try answer(lab).rows("192.0.2.10:50700", "203.0.113.10:6060")
        }
        try expectSoon { try !found().isEmpty }
        let rows = try found()
        #expect(rows.map(\.code) == ["app.not-accepting"])
        #expect(rows.map(\.place) == ["server redirected"])
        #expect(rows.first?.row["ends"][1]["isAccepted"].number == 0)
        #expect(rows.first?.row["ends"][1]["pod"].text == "shop/web-0")
        try lab.down()
    }

    /// The same of a server that had accepted, and was stopped: its queue holds the same oldest message whenever it is read.
    @Test func acceleratedAndStopped() throws {
        let lab = try RealLab("stopped")
        let load = try lab.start(
            "node",
            [
                Programs.lab, "load", "--host", "203.0.113.10", "--connections", "3", "--seconds", "600", "--patience",
                "600",
            ])
        #expect(try lab.entries(atLeast: 6) >= 6)
        let servers = try JSONValue(lab.lab(["list", "--output", "json"]).text)
        let processes = servers["hosts"].array.filter { $0["id"].text == "shop/web-0" }.flatMap {
            $0["processes"].array
        }
        .map { Int32($0.number) }
        try #require(!processes.isEmpty)
        defer { for process in processes + [load.pid] { kill(process, SIGCONT) } }
        // A server that is stopped with a request in its hands leaves nothing in any queue: it has to wait for one.
        kill(load.pid, SIGSTOP)
        try expectSoon { try Self.state(load.pid) == "T" }
        try expectSoon { try processes.allSatisfy { try Self.state($0) == "S" } }
        for process in processes { kill(process, SIGSTOP) }
        try expectSoon { try processes.allSatisfy { try Self.state($0) == "T" } }
        kill(load.pid, SIGCONT)

        // A client that had no processor yet may still send its last request.
        var found: [JSONValue] = []
        try expectSoon {
            let seen = try answer(lab)
            #expect(seen.status != 0)
            found = seen.diagnosis["findings"].array.filter { $0["code"].text == "app.stopped" }
                .flatMap { $0["connections"].array }
            return found.count == 3
        }
        #expect(found.allSatisfy { $0["place"]["queue"].text == "redirected" && $0["place"]["side"].text == "server" })
        try lab.down()
    }

    private func answer(_ lab: RealLab) throws -> Answer {
        let (status, diagnosis) = try lab.diagnose()
        return Answer(status: status, diagnosis: diagnosis)
    }

    private func rows(of answer: Answer, to port: UInt16) -> [Row] {
        let server = "127.0.0.1:\(port)"
        let rows = answer.diagnosis["findings"].array.flatMap { $0["connections"].array }
        return Set(rows.filter { $0["server"].text == server }.map { $0["client"].text })
            .flatMap { answer.rows($0, server) }
    }

    /// As in /proc/PID/stat, behind the name.
    private static func state(_ process: Int32) throws -> String {
        let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return stat.split(separator: ")").last?.split(separator: " ").first.map(String.init) ?? ""
    }
}
