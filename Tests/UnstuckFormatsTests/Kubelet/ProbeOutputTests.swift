import Testing
import UnstuckFormats
import UnstuckModel

/// What kubelet's words about a failed probe say of its connection.
@Suite("kubelet's words")
struct ProbeOutputTests {
    private static func cause(_ words: String) -> ProbeFailureCause { ProbeFailureCause(ofOutput: Array(words.utf8)) }

    private static let timer = "(Client.Timeout exceeded while awaiting headers)"

    /// Go before 1.14 (no quotation marks), before 1.15 (`request canceled`) and since; with the timer's words and without.
    @Test(arguments: ["203.0.113.10:8080", "[2001:db8::27]:8080"]) func requests(_ address: String) {
        let table: [(words: String, suspicion: ProbeFailureCause.Suspicion, reason: String)] = [
            ("context deadline exceeded", .candidate, "no answer in time, to the handshake or to the request"),
            ("net/http: request canceled", .candidate, "request sent, no answer in time"),
            ("net/http: timeout awaiting response headers", .candidate, "request sent, no answer in time"),
            ("read tcp 192.0.2.10:50504->\(address): i/o timeout", .candidate, "request sent, no answer in time"),
            (
                "write tcp 192.0.2.10:50504->\(address): i/o timeout", .candidate,
                "connected, and the server's end takes no bytes"
            ),
            ("net/http: TLS handshake timeout", .candidate, "connected, no answer to the TLS handshake in time"),
            (
                "net/http: request canceled while waiting for connection", .not,
                "never connected: handshake not complete in time"
            ),
            ("dial tcp \(address): i/o timeout", .not, "never connected: handshake not complete in time"),
            (
                "dial tcp \(address): connect: connection refused", .not,
                "never connected: refused: nothing listens on that port, or a policy rejects it"
            ),
            ("dial tcp \(address): connect: no route to host", .not, "never connected: no route to host"),
            ("dial tcp \(address): connect: network is unreachable", .not, "never connected: no route to host"),
            ("dial tcp \(address): connect: connection timed out", .not, "never connected: no answer to the handshake"),
            ("EOF", .not, "the server closed without an answer"),
            (
                "net/http: HTTP/1.x transport connection broken: unexpected EOF", .not,
                "the server closed in the middle of its answer"
            ),
            (
                "read tcp 192.0.2.10:50504->\(address): read: connection reset by peer", .not,
                "connected, then reset: the connection was torn down, it does not hang"
            ),
            (
                "read tcp 192.0.2.10:50504->\(address): read: connection timed out", .weak,
                "connected, then what was sent was never acknowledged"
            ),
            (
                "http: server gave HTTP response to HTTPS client", .not,
                "the server answered in plain HTTP, and the probe spoke TLS: scheme HTTP fits"
            ),
            (
                "remote error: tls: handshake failure", .not,
                "the TLS handshake failed with an answer: TCP is healthy"
            ),
            ("stopped after 10 redirects", .not, "a redirect that leads nowhere was returned: TCP is healthy"),
            (
                #"net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15\x03\x01\x00\x02\x02""#,
                .not,
                "the port speaks TLS, and the probe plain HTTP: scheme HTTPS fits"
            ),
            (
                #"net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x00\x00\x06\x04\x00\x00\x00""#,
                .not, "the port speaks HTTP/2 (gRPC, as a rule), and the probe HTTP/1: a grpc probe fits"
            ),
            (
                #"net/http: HTTP/1.x transport connection broken: malformed HTTP response "+OK""#, .not,
                "the answer is not HTTP/1"
            ),
        ]
        for (words, suspicion, reason) in table {
            for (url, tail) in [
                ("\"http://\(address)/x\"", ""), ("http://\(address)/x", ""),
                ("\"http://\(address)/x\"", " \(Self.timer)"),
                ("http://\(address)/x", " \(Self.timer)"),
            ] {
                let cause = Self.cause("Get \(url): \(words)\(tail)")
                #expect(cause.suspicion == suspicion, "\(words)\(tail)")
                #expect(cause.reason == reason, "\(words)\(tail)")
                #expect(cause.target.map { "\($0)" } == address, "\(words)\(tail)")
                #expect(cause.method == .http)
                #expect(cause.client.map { "\($0)" } == (words.contains("->") ? "192.0.2.10:50504" : nil))
            }
        }
    }

    @Test func otherProbes() {
        let table: [(String, ProbeFailureCause.Method, ProbeFailureCause.Suspicion)] = [
            ("dial tcp 203.0.113.10:5432: i/o timeout", .tcp, .not),
            ("dial tcp [2001:db8::1]:5432: connect: connection refused", .tcp, .not),
            ("HTTP probe failed with statuscode: 503", .http, .not),
            ("Probe terminated redirects, Response body: x", .http, .not),
            ("unexpected EOF", .http, .not),
            ("context deadline exceeded (Client.Timeout or context cancellation while reading body)", .http, .weak),
            ("net/http: request canceled (Client.Timeout exceeded while reading body)", .http, .weak),
            ("timeout: health rpc did not complete within 1s", .grpc, .candidate),
            (
                "timeout: failed to connect service \"203.0.113.10:9090\" within 1s: context deadline exceeded", .grpc,
                .weak
            ),
            ("error: failed to connect service at \"[2001:db8::1]:9090\": x", .grpc, .not),
            ("service unhealthy (responded with \"NOT_SERVING\")", .grpc, .not),
            ("command \"sh -c x\" timed out", .exec, .not),
            ("rpc error: code = DeadlineExceeded desc = context deadline exceeded", .exec, .not),
            ("", .exec, .not), ("anything", .exec, .not), ("context deadline exceeded", .other, .weak),
            ("strconv.Atoi: parsing \"http\": invalid syntax", .other, .not),
        ]
        for (words, method, suspicion) in table {
            let cause = Self.cause(words)
            #expect(cause.method == method && cause.suspicion == suspicion, "\(words): \(cause)")
        }
        #expect(Self.cause(table[0].0).target.map { "\($0)" } == "203.0.113.10:5432")
        #expect(Self.cause(table[1].0).target.map { "\($0)" } == "[2001:db8::1]:5432")
        #expect(Self.cause(table[8].0).target.map { "\($0)" } == "203.0.113.10:9090")
        #expect(Self.cause(table[9].0).target.map { "\($0)" } == "[2001:db8::1]:9090")
    }

    /// TLS handshakes are a part of connecting: nothing says which half it was.
    @Test func tls() {
        let url = "\"https://203.0.113.10/x\""
        #expect(Self.cause("Get \(url): context deadline exceeded \(Self.timer)").suspicion == .candidate)
        let waiting = Self.cause("Get \(url): net/http: request canceled while waiting for connection \(Self.timer)")
        #expect(waiting.suspicion == .not && waiting.method == .https)
        #expect(waiting.target.map { "\($0)" } == "203.0.113.10:443")
    }

    @Test func addresses() {
        let table: [(url: String, target: String?)] = [
            ("http://203.0.113.10/", "203.0.113.10:80"), ("http://[2001:db8::1]/", "[2001:db8::1]:80"),
            ("https://[2001:db8::1]", "[2001:db8::1]:443"), ("http://user@203.0.113.10:81?x", "203.0.113.10:81"),
            ("http://web.shop:80/", nil), ("http://[fe80::1%25eth0]:80/", nil), ("/healthz", nil), ("http://", nil),
            ("http://203.0.113.10:0/", nil), ("http://203.0.113.10:99999/", nil), ("http://2001:db8::1/", nil),
        ]
        for (url, target) in table {
            let cause = Self.cause("Get \"\(url)\": EOF")
            #expect(cause.target.map { "\($0)" } == target, "\(url)")
            #expect(cause.url == url)
        }
    }

    /// What the probe says and what a log is read by are the same words.
    @Test func theProbesOwnWords() throws {
        let server = try #require(Endpoint("[2001:db8::1]:80"))
        #expect(Self.cause(KubeletMessages.headersTimeout("http://\(server)/")).suspicion == .candidate)
        #expect(Self.cause(KubeletMessages.httpDialTimeout("http://\(server)/", server)).suspicion == .not)
        #expect(Self.cause(KubeletMessages.dialTimeout(server)).target == server)
        #expect(Self.cause(KubeletMessages.bodyTimeout).suspicion == .weak)
        #expect(Self.cause(KubeletMessages.status(500)).reason == "answered with status 500: TCP is healthy")
        let reset = KubeletMessages.transfer("read", source: server, target: server, reason: "connection reset by peer")
        #expect(Self.cause(KubeletMessages.get("http://\(server)/", reset)).client == server)
    }

    @Test func quotation() {
        for text in ["", "a\"b\\c\n\r\t\u{7}\u{1B}\u{7F}é\u{202E}\u{1F600}", "\\x41", "'"] {
            let quoted = Array(GoQuoting.quote(text).utf8)
            let (bytes, end) = GoQuoting.unquote(quoted[...])
            #expect(String(decoding: bytes, as: UTF8.self) == text)
            #expect(end == quoted.count)
        }
        #expect(GoQuoting.unquote(Array(#""\x15\xff\q\u12"#.utf8)[...]).text == [0x15, 0xFF] + Array(#"\q\u12"#.utf8))
    }
}
