import Glibc
import Synchronization
import UnstuckKernel
import UnstuckModel

@testable import UnstuckProbing

/// A tiny server on the loopback, each connection on a thread of its own, that does with it what the test says.
final class LoopbackServer: Sendable {
    /// One accepted connection. Closed when the script returns.
    struct Connection: Sendable {
        let descriptor: Int32

        /// Reads until the blank line behind a request's headers, or the end.
        func readRequest() -> String {
            var received: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while !String(decoding: received, as: UTF8.self).hasSuffix("\r\n\r\n") {
                let count = unsafe read(descriptor, &chunk, chunk.count)
                if count <= 0 { break }
                received += chunk[..<count]
            }
            return String(decoding: received, as: UTF8.self)
        }

        /// False once the peer is gone.
        @discardableResult func send(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            var sent = 0
            while sent < bytes.count {
                let rest = Array(bytes[sent...])
                let count = unsafe Glibc.send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
                if count <= 0 { return false }
                sent += count
            }
            return true
        }

        /// Waits for the peer to go, or for a minute.
        func waitForClose() {
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            var chunk = [UInt8](repeating: 0, count: 4096)
            while unsafe poll(&request, 1, 60_000) > 0, unsafe read(descriptor, &chunk, chunk.count) > 0 {}
        }

        /// Closing sends a reset instead of a FIN.
        func resetOnClose() {
            var option = linger(l_onoff: 1, l_linger: 0)
            _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
    }

    let endpoint: Endpoint
    private let listener: Int32
    private let kept = Mutex<[String]>([])

    /// The requests so far.
    var requests: [String] { kept.withLock { $0 } }
    var url: String { "http://\(endpoint)" }

    /// - Parameter script: gets the request that it has read already.
    init(_ address: String, script: @escaping @Sendable (Connection, String) -> Void) throws {
        (listener, endpoint) = try Self.listen(address)
        let listener = listener
        try Self.detach { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 { return }
                try? Self.detach {
                    let connection = Connection(descriptor: descriptor)
                    let request = connection.readRequest()
                    self.kept.withLock { $0.append(request) }
                    script(connection, request)
                    close(descriptor)
                }
            }
        }
    }

    /// Ends the accepting thread, and with it the server.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    deinit { close(listener) }

    struct Refused: Error { var errno: Int32 }

    /// A listening socket on a free port of that loopback address.
    static func listen(_ address: String) throws -> (descriptor: Int32, endpoint: Endpoint) {
        guard let ip = IPAddress(address) else { throw Refused(errno: EINVAL) }
        let listener = try TCP.listener(on: Endpoint(ip, 0), backlog: 64)
        let endpoint = try listener.localEndpoint()
        // The caller closes it.
        let raw = dup(listener.raw)
        guard raw >= 0 else { throw Refused(errno: errno) }
        return (raw, endpoint)
    }

    private static func detach(_ body: @escaping @Sendable () -> Void) throws {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        let opaque = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                }
                return nil
            }, opaque)
        guard code == 0 else { throw Refused(errno: code) }
        pthread_detach(thread)
    }
}
