import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckFormats
import UnstuckKernel
import UnstuckModel
import UnstuckProbing

/// The probe's words beside those of Go's own client, the one that kubelet uses: the same server, the same answer.
@Suite("kubelet's words, by Go's client", .serialized, .requires(.sources, .native))
struct GoClientTests {
    private static let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "GoClient/main.go")
        .path

    /// The client, built once.
    private static let client = Result {
        let program = FileManager.default.temporaryDirectory.appending(path: "unstuck-goclient-\(getpid())").path
        let built = try Programs.run("go", ["build", "-o", program, source])
        guard built.status == 0 else {
            throw RealLab.Failure("go build (Debian: golang-go): \(built.errors)\(built.text)")
        }
        return program
    }

    /// What a server sends, and whether it holds the connection open behind it.
    enum Server: String, CaseIterable {
        case silent, hangsUp, tls, http2, ssh, cutStatus, cutHeaders, noColon, indented, cutBody, silentBody, cutChunk,
            badChunk
        case error, cutError, fine

        var bytes: [UInt8] {
            switch self {
            case .silent, .hangsUp: []
            case .tls: [0x15, 3, 1, 0, 2, 2, 0x46]
            case .http2: [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0]
            case .ssh: Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)
            case .cutStatus: Array("HTTP/1.1 20".utf8)
            case .cutHeaders: Array("HTTP/1.1 200 OK\r\nA: ".utf8)
            case .noColon: Array("HTTP/1.1 200 OK\r\nAB\r\n".utf8)
            case .indented: Array("HTTP/1.1 200 OK\r\n A: b\r\n\r\n".utf8)
            case .cutBody, .silentBody: Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".utf8)
            case .cutChunk: Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab".utf8)
            case .badChunk: Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab".utf8)
            case .error: Array("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n".utf8)
            case .cutError: Array("HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\n".utf8)
            case .fine: Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)
            }
        }

        var isSilentThen: Bool { self == .silent || self == .silentBody }
    }

    @Test(arguments: Server.allCases, [true, false]) func saysTheSame(_ server: Server, _ isV6: Bool) throws {
        let client = try Self.client.get()
        let listener = try TCP.listener(
            on: Endpoint(isV6 ? IPAddress(high: 0, low: 1) : IPAddress(v4: 0x7F00_0001), 0), backlog: 64)
        let url = "http://\(try listener.localEndpoint())/healthz"
        let descriptor = dup(listener.raw)
        try DetachedThread.start {
            while case let peer = accept(descriptor, nil, nil), peer >= 0 {
                var request = [UInt8](repeating: 0, count: 4096)
                _ = unsafe recv(peer, &request, request.count, 0)
                _ = unsafe send(peer, server.bytes, server.bytes.count, Int32(MSG_NOSIGNAL))
                // Until the client has gone.
                if server.isSilentThen { _ = unsafe recv(peer, &request, request.count, 0) }
                close(peer)
            }
            close(descriptor)
        }
        defer { shutdown(listener.raw, Int32(SHUT_RDWR)) }
        let timeout = server.isSilentThen ? 1.0 : 30
        let go = try Programs.run(client, ["\(Int(timeout * 1000))ms", url])
        #expect(go.status == 0, "\(go.errors)")
        var options = HTTPProbe.Options()
        options.timeout = timeout
        let ours = try HTTPProbe(try ProbeURL(url), options: options).run()
        let words = ours.passed ? ours.verdict.rawValue : "\(ours.verdict.rawValue) \(ours.output)"
        #expect(words + "\n" == go.text, "\(server)")
        // A log with these words is read as what the probe has seen.
        let cause = ProbeFailureCause(ofOutput: Array(ours.output.utf8))
        let suspicion: ProbeFailureCause.Suspicion =
            server == .silent ? .candidate : server == .silentBody ? .weak : .not
        #expect(ours.passed || cause.suspicion == suspicion, "\(cause)")
    }
}
