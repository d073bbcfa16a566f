import Glibc
import Testing
import UnstuckKernel
import UnstuckModel

@testable import UnstuckProbing

/// Where a probe starts: source ports that are free, in TIME_WAIT, taken; namespaces that are not there.
@Suite(.timeLimit(.minutes(1))) struct VantageTests {
    /// A port that nobody uses just now.
    private func freePort(_ address: String) throws -> UInt16 {
        let (descriptor, endpoint) = try LoopbackServer.listen(address)
        close(descriptor)
        return endpoint.port
    }

    @Test(arguments: HTTPProbeTests.addresses) func sourcePortIsHonouredAgainAndAgain(_ address: String) throws {
        // The server waits for us to close first, so that TIME_WAIT stays at our end.
        let server = try LoopbackServer(address) { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.waitForClose()
        }
        defer { server.stop() }
        let port = try freePort(address)
        for _ in 0..<5 {
            var options = HTTPProbe.Options()
            options.timeout = 5
            options.vantage = Vantage(sourceAddress: IPAddress(address), sourcePort: port)
            let outcome = try HTTPProbe(ProbeURL(server.url + "/"), options: options).run()
            #expect(outcome.verdict == .success)
            #expect(outcome.source == Endpoint(server.endpoint.address, port))
        }
    }

    @Test(arguments: HTTPProbeTests.addresses) func takenPortIsNamed(_ address: String) throws {
        let (listener, taken) = try LoopbackServer.listen(address)
        defer { close(listener) }
        let probe = TCPProbe(taken, from: Vantage(sourceAddress: taken.address, sourcePort: taken.port))
        let error = #expect(throws: ProbeError.self) { try probe.run() }
        #expect(error?.code == .source)
        #expect(error?.description.contains("source port \(taken.port) is taken") == true)
    }

    @Test func connectionInUseIsNamed() throws {
        let server = try LoopbackServer("127.0.0.1") { connection, _ in connection.waitForClose() }
        defer { server.stop() }
        let port = try freePort("127.0.0.1")
        let vantage = Vantage(sourceAddress: server.endpoint.address, sourcePort: port)
        let first = try ProbeSocket.open(to: server.endpoint, from: vantage)
        try first.connect(from: vantage, until: Deadline(seconds: 5)) { _ in }
        let error = #expect(throws: ProbeError.self) { try TCPProbe(server.endpoint, from: vantage).run() }
        #expect(error?.description.contains("source port \(port)") == true)
        _ = first
    }

    @Test func foreignAddressIsNamed() throws {
        let vantage = Vantage(sourceAddress: IPAddress("192.0.2.77"))
        let error = #expect(throws: ProbeError.self) {
            try TCPProbe(Endpoint(IPAddress(v4: 0x7F00_0001), 9), from: vantage).run()
        }
        #expect(error?.description.contains("192.0.2.77 is not an address of this network namespace") == true)
    }

    @Test func mixedFamiliesAreAMistake() throws {
        let vantage = Vantage(sourceAddress: IPAddress("::1"))
        let error = #expect(throws: ProbeError.self) {
            try TCPProbe(Endpoint(IPAddress(v4: 0x7F00_0001), 9), from: vantage).run()
        }
        #expect(error?.code == .usage)
    }

    @Test func missingNamespaceIsNamed() throws {
        let target = Endpoint(IPAddress(v4: 0x7F00_0001), 9)
        let missing = #expect(throws: ProbeError.self) {
            try TCPProbe(target, from: Vantage(namespace: "no-such-place")).run()
        }
        #expect(missing?.code == .namespace)
        #expect(missing?.description.contains("/run/netns/no-such-place") == true)
        #expect(throws: ProbeError.self) { try TCPProbe(target, from: Vantage(namespace: "/etc/passwd")).run() }
    }

    @Test func namespacesByNamePathAndProcess() {
        #expect(Vantage(namespace: "pod-a").namespacePath == "/run/netns/pod-a")
        #expect(Vantage(namespace: "812").namespacePath == "/proc/812/ns/net")
        #expect(Vantage(namespace: "/proc/self/ns/net").namespacePath == "/proc/self/ns/net")
        #expect(Vantage().namespacePath == nil)
    }

    @Test(arguments: HTTPProbeTests.addresses) func tcpProbeSendsNothing(_ address: String) throws {
        let server = try LoopbackServer(address) { _, _ in }
        defer { server.stop() }
        let outcome = try TCPProbe(server.endpoint, timeout: 5).run()
        #expect(outcome.verdict == .success && outcome.kind == .tcp && outcome.requestBytes == 0)
        #expect(ProbeReport(outcome).text.hasPrefix("✓ connected in "))
        for _ in 0..<100 where server.requests.isEmpty { usleep(10_000) }
        #expect(server.requests == [""])
    }
}
