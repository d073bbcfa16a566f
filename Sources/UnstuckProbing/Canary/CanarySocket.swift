import CLinuxUAPI
import Glibc
import UnstuckKernel

/// A TCP socket over the loopback of the canary's network namespace. Closed when it goes.
final class CanarySocket {
    private(set) var raw: Int32
    let isV6: Bool

    private init(owning raw: Int32, isV6: Bool) {
        self.raw = raw
        self.isV6 = isV6
    }

    deinit { close() }

    private static func loopback(_ isV6: Bool) -> [UInt8] {
        isV6 ? [UInt8](repeating: 0, count: 15) + [1] : [127, 0, 0, 1]
    }

    private static func bound(isV6: Bool, port: UInt16) throws -> CanarySocket {
        let raw = try syscall("socket", on: "TCP") {
            Glibc.socket(isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        let socket = CanarySocket(owning: raw, isV6: isV6)
        var one: Int32 = 1
        unsafe _ = setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        let address = loopback(isV6)
        try syscall("bind", on: "port \(port)") { unsafe linux_bind(raw, address, Int32(address.count), port) }
        return socket
    }

    static func listener(isV6: Bool) throws -> CanarySocket {
        let socket = try bound(isV6: isV6, port: 0)
        let raw = socket.raw
        try syscall("listen", on: "the loopback") { listen(raw, 64) }
        return socket
    }

    /// - Parameter port: 0 lets the kernel choose.
    static func connected(to listener: CanarySocket, from port: UInt16 = 0, within milliseconds: Int32) throws
        -> CanarySocket
    {
        let socket = try bound(isV6: listener.isV6, port: port)
        let (raw, address, to) = (socket.raw, loopback(listener.isV6), try listener.port)
        _ = linux_set_timeouts(raw, milliseconds)
        try syscall("connect", on: "the loopback") { unsafe linux_connect(raw, address, Int32(address.count), to) }
        return socket
    }

    func accept(within milliseconds: Int32) throws -> CanarySocket {
        let listening = raw
        _ = linux_set_timeouts(listening, milliseconds)
        let accepted = try syscall("accept", on: "the loopback") { Glibc.accept(listening, nil, nil) }
        return CanarySocket(owning: accepted, isV6: isV6)
    }

    var port: UInt16 {
        get throws {
            var bytes = [UInt8](repeating: 0, count: 16)
            var port: UInt16 = 0
            let descriptor = raw
            try syscall("getsockname", on: "the loopback") {
                unsafe linux_local_address(descriptor, &bytes, &port)
            }
            return port
        }
    }

    func send(_ text: String) throws {
        let (descriptor, bytes) = (raw, Array(text.utf8))
        try syscall("send", on: "the loopback") {
            unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
    }

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
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe _ = setsockopt(raw, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        guard raw >= 0 else { return }
        Glibc.close(raw)
        raw = -1
    }
}
