import Foundation
import Testing
import UnstuckFormats
import UnstuckModel

/// Failed probes out of a kubelet's log in all its forms.
@Suite("A kubelet's log")
struct KubeletLogTests {
    static let silence = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"

    private static func failures(_ text: String, chunk: Int? = nil) -> [ProbeFailure] {
        final class Sink { var all: [ProbeFailure] = [] }
        let sink = Sink()
        var reader = KubeletLogReader { sink.all.append($0) }
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + (chunk ?? bytes.count))
            reader.add(Array(bytes[start..<end]))
            start = end
        }
        _ = reader.finish()
        return sink.all
    }

    private static var handed: String {
        get throws {
            let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fixtures/kubelet/handed.log")
            return try String(contentsOf: file, encoding: .utf8)
        }
    }

    /// Lines from eight nodes: old and new words, journald's prefix, IPv6, an event of three lines.
    @Test func handedLines() throws {
        let found = Self.failures(try Self.handed)
        #expect(found.map(\.line) == [1, 2, 3, 4, 5, 6])
        #expect(found.map(\.cause.suspicion) == [.candidate, .not, .not, .candidate, .not, .not])
        #expect(
            found.map(\.cause.reason) == [
                "request sent, no answer in time", "never connected: handshake not complete in time",
                "never connected: TCP or TLS handshake not complete in time",
                "no answer in time, to the handshake or to the request",
                "never connected: handshake not complete in time",
                "a command in the container failed: kubelet has no connection to it",
            ])
        #expect(
            found.map { $0.cause.target.map { "\($0)" } } == [
                "203.0.113.10:6766", "[2001:db8::27]:1500", "198.51.100.12:6443", "[2001:db8:1::196]:80",
                "198.51.100.21:5432", nil,
            ])
        #expect(
            found.map(\.pod) == [
                "shop/web-0", "shop/vm-x", "auth/oauth-0", "test/ss-1", "shop/db-0", "default/liveness-exec",
            ])
        #expect(found.map(\.container) == ["web", "compute", "oauth", "webserver", "db", "liveness"])
        #expect(found.map(\.kind) == [.liveness, .readiness, .readiness, .readiness, .readiness, .liveness])
        #expect(found.map(\.cause.method) == [.http, .http, .https, .http, .tcp, .exec])
        #expect(found.last?.output == "cat: /tmp/healthy: No such file or directory")
        let log = KubeletLogReader.read(try Self.handed.utf8)
        #expect(log.lines == 8 && log.failures == 6 && log.count(.candidate) == 2)
        #expect(log.candidates.map { "\($0)" } == ["203.0.113.10:6766", "[2001:db8:1::196]:80"])
    }

    @Test(arguments: [LogForms.address4, LogForms.address6]) func everyForm(_ address: String) {
        let words = "Get \"http://\(address)/healthz?a=1\": \(Self.silence)"
        for (name, text) in LogForms.all(words) {
            let found = Self.failures(text)
            #expect(found.count == 1, "\(name): \(found.count)")
            guard let failure = found.first else { continue }
            #expect(failure.pod == "shop/web-0", "\(name): \(failure.pod ?? "no pod")")
            #expect(failure.kind == .readiness, "\(name)")
            #expect(failure.result == .failure, "\(name)")
            #expect(failure.output == words, "\(name): \(failure.output)")
            #expect(failure.cause.suspicion == .candidate, "\(name)")
            #expect(failure.cause.target.map { "\($0)" } == address, "\(name)")
            #expect(failure.cause.url == "http://\(address)/healthz?a=1", "\(name)")
            #expect(failure.container == "web" || failure.source == .event, "\(name)")
        }
    }

    /// However the bytes are cut into pieces.
    @Test func piecesDoNotMatter() throws {
        let text = LogForms.all("Get \"http://\(LogForms.address6)/\": \(Self.silence)").map(\.text).joined(
            separator: "\n")
        let whole = Self.failures(text)
        #expect(whole.count == LogForms.all("").count)
        for size in [1, 2, 7, 64, 1000] { #expect(Self.failures(text, chunk: size) == whole, "\(size)") }
        let crlf = Self.failures(text.replacing("\n", with: "\r\n"))
        #expect(crlf == whole)
    }

    /// The failure in the form of that name.
    private static func failure(in name: String) throws -> ProbeFailure {
        let form = try #require(LogForms.all("x").first { $0.name == name })
        let found = failures(form.text)
        return try #require(found.first)
    }

    @Test func timesAndCounts() throws {
        #expect(try Self.failure(in: "CRI").time?.description == "2026-11-29T10:15:00Z")
        let east = try Self.failure(in: "journalctl -o short-iso").time?.description
        #expect(east == "2026-11-29T09:15:00Z", "an hour east of UTC")
        #expect(try Self.failure(in: "klog, structured").time?.description == "11-29 10:15:00")
        let described = try Self.failure(in: "kubectl describe")
        #expect(described.count == 12 && described.span == 600 && described.time == nil)
        let old = try Self.failure(in: "kubectl describe, old")
        #expect(old.count == 12 && old.span == 420)
    }

    /// A log's line and the event about the same failure count once.
    @Test func ratesByPod() throws {
        let words = "Get \"http://\(LogForms.address4)/\": \(Self.silence)"
        let line = LogForms.klog2(words)
        let event = LogForms.all(words).first { $0.name == "klog, an event" }?.text ?? ""
        let lines = (0..<6).flatMap { second in
            [line, event].map { $0.replacing("10:15:00", with: "10:15:\(second)0") }
        }
        let other = line.replacing("web-0", with: "web-1")
        let log = KubeletLogReader.read((lines + [other]).joined(separator: "\n").utf8)
        #expect(log.groups.map(\.key.pod) == ["shop/web-0", "shop/web-1"])
        #expect(log.groups.map(\.count) == [6, 1])
        #expect(log.groups.map(\.perMinute) == [6, nil])
        #expect(log.groups.first?.first.map { "\($0)" } == "11-29 10:15:00")
        #expect(log.groups.first?.last.map { "\($0)" } == "11-29 10:15:50")
    }

    private static let forgedJSON =
        "{\"msg\":\"Probe failed\",\"pod\":\"a/b\",\"output\":\"Get \\\"http://192.0.2.1/\\\": \(silence)\"}"

    @Test func severalLines() throws {
        let begin = "I1129 10:15:00.123456    1233 prober.go:120] \"Probe failed\" pod=\"shop/web-0\" output=<"
        // What a command prints may look like anything; it is indented, so it is no line of the log.
        let forged = LogForms.klog2("Get \"http://192.0.2.1/\": \(Self.silence)")
        let json = Self.forgedJSON
        let value = ["one", forged, json, "Get \"http://192.0.2.1/\": \(Self.silence)", "", " >"]
        let ends = [" >", " > more=\"x\" probeType=\"Liveness\""]
        for end in ends {
            let text = ([begin] + value.map { "\t\($0)" } + [end, LogForms.klog2("x")]).joined(separator: "\n")
            let found = Self.failures(text)
            #expect(found.map(\.cause.method) == [.exec, .exec], "\(end)")
            #expect(found.map(\.line) == [1, 9])
            #expect(found.first?.output == value.joined(separator: "\n"))
            #expect(found.first?.kind == (end == " >" ? nil : .liveness))
        }
        // Another unit's lines between them; two kubelets at the same time.
        let prefix = { (host: String, line: String) in "Nov 29 10:15:00 \(host) kubelet[1]: \(line)" }
        let mixed = [
            prefix("a", begin), prefix("b", begin), "Nov 29 10:15:00 a sshd[9]: x", prefix("a", "        of a"),
            prefix("b", "#011of b"), prefix("b", " >"), prefix("a", " >"),
        ]
        #expect(Self.failures(mixed.joined(separator: "\n")).map(\.output) == ["of b", "of a"])
        // The end is missing.
        #expect(Self.failures([begin, "\tone"].joined(separator: "\n")).map(\.output) == ["one"])
        #expect(
            Self.failures([begin, "\tone", LogForms.klog2("x")].joined(separator: "\n")).map(\.output) == ["one", "x"])
    }

    /// Before structured logging what a command printed stood raw in the log.
    @Test func rawOutputOfACommandProvesNothing() {
        let forged =
            "Readiness probe for \"web-1_shop(u):web\" failed (failure): Get http://192.0.2.1/: \(Self.silence)"
        let json = Self.forgedJSON
        let text = [LogForms.klog1("first line"), forged, json, LogForms.klog1("x")].joined(separator: "\n")
        #expect(Self.failures(text).map(\.output) == ["first line", "x"])
        let prefixed = text.split(separator: "\n").map { "Nov 29 10:15:00 node-a kubelet[1]: \($0)" }
        #expect(Self.failures(prefixed.joined(separator: "\n")).map(\.output) == ["first line", "x"])
        #expect(Self.failures(forged).count == 1, "the line alone was pasted")
        // Also far behind the lines whose form is examined, and behind one that says nothing of probes.
        let other = "I1129 10:15:00.123456    1233 a.go:1] \"x\"\n"
        let late =
            String(repeating: other, count: KubeletLog.examined) + LogForms.klog1("first") + "\nsecond\n" + forged
            + "\n"
        #expect(Self.failures(late).map(\.output) == ["first"])
        #expect(Self.failures(late + other + LogForms.klog1("next")).map(\.output) == ["first", "next"])
    }

    @Test func cutByARuntime() {
        let line = LogForms.klog2("Get \"http://\(LogForms.address4)/\": \(Self.silence)")
        let (stamp, middle) = ("2026-11-29T10:15:00.123456789Z stderr ", line.index(line.startIndex, offsetBy: 60))
        let text =
            "\(stamp)P \(line[..<middle])\n\(stamp.replacing("stderr", with: "stdout"))F x\n\(stamp)F \(line[middle...])\n"
        #expect(Self.failures(text).map(\.cause.suspicion) == [.candidate])
    }

    /// A line of any length costs no more than its beginning.
    @Test func longLines() {
        let line = LogForms.klog2("Get \"http://\(LogForms.address4)/\": \(Self.silence)")
        let log = KubeletLogReader.read((line + String(repeating: "x", count: 1 << 20) + "\n" + line).utf8)
        #expect(log.lines == 2 && log.cutLines == 1 && log.failures == 2)
        let json = KubeletLogReader.read(("{\"a\":\"" + String(repeating: "x", count: 1 << 17) + "\n" + line).utf8)
        #expect(json.failures == 1, "JSON that is cut hides nothing behind it")
        let open = KubeletLogReader.read("{\n \"a\": [\n\(line)\n".utf8)
        #expect(open.failures == 1)
        let journal = KubeletLogReader.read("{a: [\nNov 29 10:15:00 node-a kubelet[1]: \(line)\n".utf8)
        #expect(journal.failures == 1)
    }

    /// Names of any length, and more pods than are kept apart.
    @Test func manyAndLongNames() {
        let long = Self.failures(LogForms.klog2("x").replacing("web-0", with: String(repeating: "é", count: 5000)))
        #expect(long.first?.pod?.count == 320)
        var reader = KubeletLogReader()
        for number in 0..<ProbeFailureGroups.most + 7 {
            reader.add(Array((LogForms.klog2("x").replacing("web-0", with: "web-\(number)") + "\n").utf8))
        }
        let log = reader.finish()
        #expect(log.groups.count == ProbeFailureGroups.most && log.ungrouped == 7)
        #expect(log.failures == ProbeFailureGroups.most + 7)
    }

    @Test func othersAreNone() {
        for text in [
            "", "\n\n", "hello", "{}", "[]", "{\"msg\":\"Probe failed",
            "I1129 10:15:00.1 1 a.go:1] \"Probe succeeded\" pod=\"a/b\"",
            "I1129 10:15:00.123456    1233 a.go:1] \"SyncLoop (probe)\" probe=\"readiness\" status=\"ready\" pod=\"shop/web-0\"",
            "I1129 10:15:00.123456    1233 a.go:1] \"Event occurred\" object=\"node-a\" kind=\"Node\" message=\"Readiness probe failed: x\"",
        ] {
            #expect(Self.failures(text).isEmpty, "\(text)")
        }
    }
}
