import Glibc
import Testing
import UnstuckKernel
import UnstuckModel

@testable import UnstuckProbing

/// The probe against real servers on the loopback, which every machine has: nothing here is skipped.
@Suite(.timeLimit(.minutes(5))) struct HTTPProbeTests {
    static let addresses = ["127.0.0.1", "::1"]
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    private func probe(
        _ url: String, timeout: Double = 60, _ change: (inout HTTPProbe.Options) -> Void = { _ in }
    ) throws -> ProbeOutcome {
        var options = HTTPProbe.Options()
        options.timeout = timeout
        change(&options)
        return try HTTPProbe(ProbeURL(url), options: options).run()
    }

    @Test(arguments: addresses) func answers(_ address: String) throws {
        let server = try LoopbackServer(address) { connection, _ in connection.send(Self.ok) }
        defer { server.stop() }
        let outcome = try probe(server.url + "/healthz?full=1") {
            $0.headers = [HTTPHeader("x-token", "a b"), HTTPHeader("Host", "web.shop")]
        }
        #expect(outcome.verdict == .success)
        #expect(outcome.status == 200)
        #expect(outcome.output == "" && outcome.stoppedIn == nil && outcome.cause == nil)
        #expect(outcome.destination == server.endpoint)
        #expect(outcome.source?.address == server.endpoint.address)
        let connect = try #require(outcome.timing.connect)
        let firstByte = try #require(outcome.timing.firstByte)
        #expect(connect > 0 && connect <= firstByte && firstByte <= outcome.timing.total)
        #expect(
            server.requests == [
                "GET /healthz?full=1 HTTP/1.1\r\nHost: web.shop\r\nUser-Agent: kube-probe/1.30\r\nAccept: */*\r\n"
                    + "X-Token: a b\r\nConnection: close\r\n\r\n"
            ])
        #expect(outcome.requestBytes == server.requests.first?.utf8.count)
        #expect(ProbeReport(outcome).text.hasPrefix("✓ 200 in "))
    }

    @Test(arguments: addresses) func neverAnswers(_ address: String) throws {
        let server = try LoopbackServer(address) { connection, _ in connection.waitForClose() }
        defer { server.stop() }
        let outcome = try probe(server.url + "/healthz", timeout: 2)
        #expect(outcome.verdict == .failure)
        #expect(outcome.stoppedIn == .awaitingHeaders)
        #expect(outcome.cause == .timeout)
        #expect(
            outcome.output
                == "Get \"\(server.url)/healthz\": context deadline exceeded "
                + "(Client.Timeout exceeded while awaiting headers)")
        #expect(outcome.attempts == 1, "a timeout is not tried again")
        #expect(outcome.timing.total >= 2)
        #expect(outcome.timing.connect != nil && outcome.timing.firstByte == nil)
        let text = ProbeReport(outcome).text
        #expect(
            text.contains("✗ Probe failed probeResult=\"failure\" output=\"Get \\\"\(server.url)/healthz\\\": context"))
        #expect(text.contains("the handshake works, the request does not"))
    }

    @Test(arguments: addresses) func refuses(_ address: String) throws {
        let (descriptor, endpoint) = try LoopbackServer.listen(address)
        close(descriptor)
        let outcome = try probe("http://\(endpoint)/")
        #expect(outcome.stoppedIn == .connecting && outcome.cause == .refused)
        #expect(outcome.output == "Get \"http://\(endpoint)/\": dial tcp \(endpoint): connect: connection refused")
    }

    /// A listener whose queue is full drops the handshake: the dial itself times out.
    @Test(arguments: addresses) func dialTimesOut(_ address: String) throws {
        let (listener, endpoint) = try LoopbackServer.listen(address)
        defer { close(listener) }
        #expect(listen(listener, 0) == 0)
        var fillers: [Int32] = []
        defer { for filler in fillers { close(filler) } }
        for _ in 0..<4 {
            let filler = try TCP(isV4: endpoint.address.isV4, blocking: false)
            try? filler.connect(to: endpoint)
            fillers.append(dup(filler.raw))
        }
        let outcome = try probe("http://\(endpoint)/", timeout: 0.3)
        #expect(outcome.stoppedIn == .connecting && outcome.cause == .timeout)
        #expect(
            outcome.output
                == "Get \"http://\(endpoint)/\": dial tcp \(endpoint): i/o timeout "
                + "(Client.Timeout exceeded while awaiting headers)")
        #expect(outcome.source?.address == endpoint.address, "the port of the vain attempt is known")
        let dial = try TCPProbe(endpoint, timeout: 0.2).run()
        #expect(dial.output == "dial tcp \(endpoint): i/o timeout")
    }

    @Test(arguments: addresses) func hangsUp(_ address: String) throws {
        let server = try LoopbackServer(address) { _, _ in }
        defer { server.stop() }
        let outcome = try probe(server.url + "/")
        #expect(outcome.stoppedIn == .awaitingHeaders && outcome.cause == .closed)
        #expect(outcome.output == "Get \"\(server.url)/\": EOF")
        #expect(outcome.attempts == 1, "kubelet takes a hang-up for an answer")
    }

    @Test func resets() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in connection.resetOnClose() }
        defer { server.stop() }
        let outcome = try probe(server.url + "/")
        #expect(outcome.cause == .reset)
        let source = try #require(outcome.source)
        #expect(
            outcome.output
                == "Get \"\(server.url)/\": read tcp \(source)->\(server.endpoint): read: connection reset by peer")
    }

    @Test func breaksOffInTheHeaders() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in connection.send("HTTP/1.1 200 OK\r\nA: ") }
        defer { server.stop() }
        let outcome = try probe(server.url + "/")
        #expect(outcome.stoppedIn == .readingHeaders && outcome.cause == .closed)
        #expect(
            outcome.output
                == "Get \"\(server.url)/\": net/http: HTTP/1.x transport connection broken: unexpected EOF")
    }

    /// kubelet counts a broken body as an error of the probe, and tries again.
    @Test func breaksOffInTheBody() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
        }
        defer { server.stop() }
        let outcome = try probe(server.url + "/")
        #expect(outcome.stoppedIn == .readingBody && outcome.cause == .closed)
        #expect(outcome.output == "unexpected EOF")
        #expect(outcome.verdict == .errored && !outcome.passed, "neither success nor failure")
        let text = ProbeReport(outcome).text
        #expect(
            text.contains("✗ Probe errored err=\"unexpected EOF\"") && text.contains("neither a success nor a failure"))
        #expect(outcome.attempts == 3 && server.requests.count == 3)
    }

    @Test func dripsForEver() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while connection.send("x") { usleep(20_000) }
        }
        defer { server.stop() }
        let outcome = try probe(server.url + "/", timeout: 2)
        #expect(outcome.stoppedIn == .readingBody && outcome.cause == .timeout)
        #expect(
            outcome.output == "context deadline exceeded (Client.Timeout or context cancellation while reading body)")
        #expect(outcome.verdict == .errored)
        #expect(outcome.attempts == 1)
    }

    @Test func speaksAnotherProtocol() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in connection.send("\u{1B}]0;own\u{07}\r\n") }
        defer { server.stop() }
        let outcome = try probe(server.url + "/")
        #expect(outcome.cause == .malformed)
        let text = ProbeReport(outcome).text
        #expect(text.contains("malformed HTTP response"))
        #expect(!text.utf8.contains { $0 < 0x20 && $0 != 0x0A }, "nothing of it reaches the terminal raw")
    }

    /// Frames of HTTP/2, and an alert of TLS, as Go prints them; the explanation names the protocol.
    @Test(arguments: addresses) func speaksHTTP2OrTLS(_ address: String) throws {
        for (bytes, quoted, explanation) in [
            (
                "\0\0\u{6}\u{4}\0\0\0\0\0\0\u{5}\0\0@\0", #"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00@\x00"#,
                "speaks HTTP/2 (gRPC, as a rule)"
            ), ("\u{15}\u{3}\u{1}\0\u{2}\u{2}F", #"\x15\x03\x01\x00\x02\x02F"#, "speaks TLS"),
        ] {
            let server = try LoopbackServer(address) { connection, _ in connection.send(bytes) }
            defer { server.stop() }
            let outcome = try probe(server.url + "/")
            #expect(outcome.verdict == .failure && outcome.cause == .malformed)
            #expect(
                outcome.output == "Get \"\(server.url)/\": net/http: HTTP/1.x transport connection broken: "
                    + "malformed HTTP response \"\(quoted)\"")
            #expect(ProbeReport(outcome).text.contains("port \(server.endpoint.port) \(explanation)"))
        }
    }

    @Test(arguments: [(500, "failure"), (404, "failure"), (399, "warning"), (200, "success"), (199, "failure")])
    func checksStatus(_ status: Int, _ verdict: String) throws {
        // 199 is an interim response that nothing follows.
        let server = try LoopbackServer("127.0.0.1") { connection, _ in
            connection.send("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n")
        }
        defer { server.stop() }
        let outcome = try probe(server.url + "/")
        #expect(outcome.verdict.rawValue == verdict)
        if status >= 400 { #expect(outcome.output == "HTTP probe failed with statuscode: \(status)") }
    }

    @Test func hugeBodyPasses() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 4 << 20))
        }
        defer { server.stop() }
        let outcome = try probe(server.url + "/")
        #expect(outcome.verdict == .success)
        #expect(outcome.responseBytes < 100_000, "kubelet reads ten kilobytes and lets the rest be")
    }

    @Test func followsRedirectsWithinTheHost() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, request in
            if request.hasPrefix("GET /a/start ") {
                connection.send("HTTP/1.1 302 Found\r\nLocation: ../b?x=1\r\nContent-Length: 0\r\n\r\n")
            } else {
                connection.send(Self.ok)
            }
        }
        defer { server.stop() }
        let outcome = try probe(server.url + "/a/start") { $0.hostHeader = "web.shop" }
        #expect(outcome.verdict == .success && outcome.output == "")
        #expect(outcome.redirects == ["../b?x=1"])
        #expect(server.requests.count == 2, "a new connection each time")
        let second = try #require(server.requests.last)
        #expect(second.hasPrefix("GET /b?x=1 HTTP/1.1\r\nHost: web.shop\r\n"))
        #expect(second.contains("\r\nReferer: \(server.url)/a/start\r\n"))
    }

    @Test func stopsAtTheTenthRedirect() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in
            connection.send("HTTP/1.1 301 Again\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
        }
        defer { server.stop() }
        let outcome = try probe(server.url + "/")
        #expect(outcome.verdict == .failure && outcome.cause == .redirect)
        #expect(outcome.output == "Get \"/again\": stopped after 10 redirects")
        #expect(server.requests.count == 10)
    }

    @Test func anotherHostPassesWithAWarning() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in
            connection.send("HTTP/1.1 302 Away\r\nLocation: http://web.shop.svc/\r\nContent-Length: 4\r\n\r\ngone")
        }
        defer { server.stop() }
        let outcome = try probe(server.url + "/")
        #expect(outcome.verdict == .warning && outcome.passed)
        #expect(outcome.output == "Probe terminated redirects, Response body: gone")
        #expect(server.requests.count == 1)
        #expect(ProbeReport(outcome).text.contains("which kubelet does not follow"))
    }

    @Test func aRedirectToTLSCannotBeTried() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in
            connection.send("HTTP/1.1 302 Up\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")
        }
        defer { server.stop() }
        let error = #expect(throws: ProbeError.self) { try probe(server.url + "/") }
        #expect(error?.code == .unsupported)
    }
}
