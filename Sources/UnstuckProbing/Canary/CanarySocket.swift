import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// A TCP socket over the loopback of the canary's network namespace. Closed when it goes.
final class CanarySocket {
    private var tcp: TCP?
    let isV6: Bool

    /// -1 once it is closed.
    var raw: Int32 { tcp?.raw ?? -1 }

    private init(_ tcp: consuming TCP, isV6: Bool) {
        self.tcp = consume tcp
        self.isV6 = isV6
    }

    private static func loopback(_ isV6: Bool, _ port: UInt16) -> Endpoint {
        Endpoint(isV6 ? IPAddress(high: 0, low: 1) : IPAddress(v4: 0x7F00_0001), port)
    }

    static func listener(isV6: Bool) throws -> CanarySocket {
        CanarySocket(try TCP.listener(on: loopback(isV6, 0), backlog: 64), isV6: isV6)
    }

    /// - Parameter port: 0 lets the kernel choose.
    static func connected(to listener: CanarySocket, from port: UInt16 = 0, within milliseconds: Int32) throws
        -> CanarySocket
    {
        let isV6 = listener.isV6
        return CanarySocket(
            try TCP.connected(
                from: loopback(isV6, port), to: loopback(isV6, try listener.port), within: milliseconds), isV6: isV6)
    }

    func accept(within milliseconds: Int32) throws -> CanarySocket {
        guard let accepted = try tcp?.accept(within: milliseconds) else {
            throw SystemError("accept", "the loopback", errno: EBADF)
        }
        return CanarySocket(accepted, isV6: isV6)
    }

    var port: UInt16 {
        get throws { try TCP.localEndpoint(of: raw).port }
    }

    func send(_ text: String) throws { _ = try TCP.send(Array(text.utf8)[...], on: raw) }

    func makeNonblocking() throws {
        let descriptor = raw
        try syscall("fcntl", on: "the loopback") { fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    /// What is there, without waiting.
    func receiveNow() -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe recv(raw, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : ""
    }

    func isReadable(within milliseconds: Int32) -> Bool {
        var event = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&event, 1, milliseconds) > 0
    }

    /// Whether the connection has ended in CLOSE (7, enum tcp_state) within the time.
    func hasClosed(within milliseconds: Int32) -> Bool {
        for _ in 0..<max(1, milliseconds / 2) {
            if linux_tcp_state(raw) == 7 { return true }
            usleep(2000)
        }
        return false
    }

    /// Closes with a RST.
    func reset() {
        try? tcp?.resetOnClose()
        close()
    }

    func close() { tcp = nil }
}
