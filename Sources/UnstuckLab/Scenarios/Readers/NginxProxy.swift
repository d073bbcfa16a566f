import Glibc
import UnstuckKernel
import UnstuckModel

/// nginx of one scenario, as a proxy of one family: its clients and the server behind it are the scenario's own process.
///
/// Only nginx is within the accelerator's reach, so that the server's bytes reach it through the stack, as behind a program that
/// inserts sockets and redirects nothing. Where the accelerator also redirects to those who accept, the client is within reach,
/// too: what nginx receives from it is counted then.
final class NginxProxy {
    /// Bytes of a response that is far longer than nginx's buffer of 4 KB, and fits what a socket takes unread.
    static let long = 100_000
    private static let port: UInt16 = 8083
    /// No byte for so long is no answer; an emulated processor may stand still for seconds.
    private static let silence = Duration.seconds(4)

    /// Which keeps it.
    private unowned let fixture: Fixture
    private let family: AddressFamily
    private let clientIsAccelerated: Bool
    private let folder: String
    private let nginx: Child
    /// A request whose answer did not come.
    private var unanswered: Asked?
    /// The server's end of the connection that nginx keeps open between two requests.
    private var idle: ScenarioSocket?

    /// Listening when this returns.
    /// - Parameter isInserted: its sockets are within the accelerator's reach.
    init(_ fixture: Fixture, _ family: AddressFamily, isInserted: Bool) throws {
        self.fixture = fixture
        self.family = family
        clientIsAccelerated = isInserted && fixture.accelerator.filesServers
        folder = try Files.makeTemporaryFolder("/tmp/unstuck-nginx-")
        let configuration = "\(folder)/nginx.conf"
        try Files.write(Self.configuration(folder, Fixture.loopback(family)), to: configuration)
        nginx = try fixture.start(
            [try NginxProgram.fetch(), "-p", folder, "-e", "stderr", "-c", configuration], isAccelerated: isInserted)
        let server = Endpoint(Fixture.loopback(family), Self.port)
        let listens = try Deadline(after: .patience).wait {
            guard !nginx.hasEnded else { throw LabError(.didNotHappen, "nginx: \(try nginx.wait().errors)") }
            return (try? TCP.connected(from: nil, to: server)) != nil
        }
        guard listens else { throw LabError(.didNotHappen, "nginx does not listen") }
    }

    deinit {
        nginx.signal(SIGKILL)
        _ = try? nginx.wait()
        try? Files.removeTree(folder)
    }

    /// Debian's own, but for: one process, no files outside of its folder, and timeouts that no test waits for. A connection to the
    /// server is kept open, so that its addresses are known before it is used again.
    private static func configuration(_ folder: String, _ loopback: IPAddress) -> String {
        let host = loopback.isV4 ? "\(loopback)" : "[\(loopback)]"
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }
        return """
            user root root;
            daemon off;
            master_process off;
            pid \(folder)/pid;
            events { worker_connections 64; }
            http {
                access_log off;
                \(places.joined(separator: "\n    "))
                upstream server_behind { server \(host):\(Fixture.plainPort); keepalive 4; keepalive_timeout 1h; }
                server {
                    listen \(host):\(port);
                    location / {
                        proxy_pass http://server_behind;
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_read_timeout 1h;
                        send_timeout 1h;
                    }
                }
            }

            """
    }

    // MARK: Requests

    /// A client that has asked, and the server that has read what it asks.
    struct Asked {
        var client: ScenarioSocket
        var server: ScenarioSocket
        /// Of nginx and the server, as nginx sees it.
        var tuple: FourTuple
    }

    func ask() throws -> Asked {
        let client = try fixture.connect(
            fixture.freshTuple(family, to: Self.port), isAccelerated: clientIsAccelerated)
        try client.send(Array("GET / HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n".utf8))
        let kept = idle
        idle = nil
        // Over the connection that it has, if that is free.
        let server: ScenarioSocket
        if let kept, kept.waits(for: POLLIN, within: Self.silence) {
            server = kept
        } else if let accepted = try fixture.accept(from: Fixture.plainPort) {
            server = accepted
        } else {
            throw LabError(.didNotHappen, "nginx does not ask the server")
        }
        guard let request = try server.receive(within: .patience), request.starts(with: Array("GET ".utf8)) else {
            throw LabError(.didNotHappen, "nginx asks the server for nothing")
        }
        let tuple = FourTuple(
            local: try TCP.remoteEndpoint(of: server.raw), remote: try TCP.localEndpoint(of: server.raw))
        return Asked(client: client, server: server, tuple: tuple)
    }

    static func head(of bytes: Int) -> [UInt8] { Array("HTTP/1.1 200 OK\r\nContent-Length: \(bytes)\r\n\r\n".utf8) }

    /// The bytes behind the head of an answer.
    static func body(of answer: [UInt8]) -> Int {
        let end = Array("\r\n\r\n".utf8)
        let start = answer.indices.first { answer[$0...].starts(with: end) }
        return start.map { answer.count - $0 - end.count } ?? 0
    }

    /// A request whose answer has a body of so many bytes, sent at once; and what the client makes of it.
    func exchange(bytes: Int) throws -> (Fixture.Exchange, FourTuple) {
        let asked = try ask()
        let answer = Self.head(of: bytes) + [UInt8](repeating: UInt8(ascii: "a"), count: bytes)
        var unsent = answer[...]
        var received: [UInt8] = []
        while true {
            if !unsent.isEmpty, asked.server.waits(for: POLLOUT, within: .zero) {
                unsent = unsent.dropFirst(try TCP.send(unsent, on: asked.server.raw))
            }
            let patience = unsent.isEmpty ? Self.silence : .milliseconds(20)
            guard asked.client.waits(for: POLLIN, within: patience) else {
                guard !unsent.isEmpty, asked.server.waits(for: POLLOUT, within: Self.silence) else { break }
                continue
            }
            let more = try TCP.receive(65536, on: asked.client.raw)
            if more.isEmpty { break }
            received += more
        }
        guard Self.body(of: received) == bytes else {
            // They stay as they are, to be seen.
            fixture.keep(asked.client)
            fixture.keep(asked.server)
            unanswered = asked
            return (.hangs, asked.tuple)
        }
        idle = asked.server
        return (.answers, asked.tuple)
    }

    /// A new one with a long response, as a fixture's acts want it.
    func request() throws -> (word: String, tuple: FourTuple) {
        let (exchange, tuple) = try exchange(bytes: Self.long)
        return (exchange.rawValue, tuple)
    }

    /// The request that was not answered goes on waiting; where there is none, a new one.
    func exchangeOrWait(bytes: Int) throws -> Fixture.Exchange {
        guard let unanswered else { return try exchange(bytes: bytes).0 }
        return unanswered.client.waits(for: POLLIN, within: Self.silence) ? .answers : .hangs
    }
}
