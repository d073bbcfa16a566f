import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// A TCP socket of a scenario, which can be kept in a list; closed by `close` or with its last reference.
final class ScenarioSocket {
    private var tcp: TCP?

    init(_ tcp: consuming TCP) { self.tcp = consume tcp }

    var raw: Int32 { tcp?.raw ?? -1 }

    /// `SO_COOKIE`; 0 once it is closed.
    var cookie: UInt64 {
        var cookie: UInt64 = 0
        return unsafe linux_socket_cookie(raw, &cookie) == 0 ? cookie : 0
    }

    func close() { tcp = nil }

    /// Closes with a RST.
    func reset() throws {
        try tcp?.resetOnClose()
        close()
    }

    func send(_ bytes: [UInt8]) throws(SystemError) { _ = try TCP.send(bytes[...], on: raw) }

    /// Up to 4096 bytes that come within the limit; `nil` where none came.
    func receive(within limit: Duration) throws -> [UInt8]? {
        waits(for: POLLIN, within: limit) ? try TCP.receive(4096, on: raw) : nil
    }

    func waits(for events: Int32, within limit: Duration) -> Bool {
        var request = pollfd(fd: raw, events: Int16(events), revents: 0)
        return unsafe poll(&request, 1, Deadline(after: limit).remainingMilliseconds) > 0
    }

    func set(_ level: Int32, _ option: Int32, _ value: Int32, _ name: String) throws {
        try tcp?.set(level, option, value, name)
    }

    func shutdown(_ how: Int32) throws {
        let raw = raw
        try syscall("shutdown", on: "descriptor \(raw)") { Glibc.shutdown(raw, how) }
    }

    /// Gives up the connection, or the listening; the socket can be used again.
    func disconnect() throws { try tcp?.disconnect() }

    func connect(to remote: Endpoint) throws { try tcp?.connect(to: remote) }

    var state: TCPState? { TCPState(rawValue: UInt8(clamping: linux_tcp_state(raw))) }

    /// - Throws: `didNotHappen` if the socket is not in CLOSE in time.
    func mustClose(within limit: Duration = .patience, _ what: String) throws {
        guard Deadline(after: limit).wait(until: { state == .close }) else {
            throw LabError(.didNotHappen, "\(what): its socket is in \(state.map { "\($0)" } ?? "no state")")
        }
    }
}
