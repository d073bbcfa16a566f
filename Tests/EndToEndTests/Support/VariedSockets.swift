import CLinuxUAPI
import Glibc
import TestSupport
import UnstuckKernel

/// Sockets in many states, over both families, in a network namespace of their own: held by this process until this object goes.
final class VariedSockets {
    let network: PrivateNetwork
    private var held: [Int32] = []

    /// - Parameter rounds: 18 sockets or so each.
    init(rounds: Int) throws {
        network = try PrivateNetwork()
        held = try network.run { try Self.make(rounds) }
    }

    deinit { for descriptor in held { close(descriptor) } }

    private static func make(_ rounds: Int) throws -> [Int32] {
        var held: [Int32] = []
        for number in 0..<rounds {
            let isV6 = number % 2 == 1
            held += try pair(isV6)
            held += try pair(isV6) { client in try set(client, SOL_SOCKET, SO_KEEPALIVE, 1) }
            let read = try pair(isV6)
            fill(read[1], upTo: 20_000)
            drain(read[2], 20_000)
            held += read
            let unread = try pair(isV6)
            fill(unread[1], upTo: 5000)
            held += unread
            let shut = try pair(isV6) { client in try set(client, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
            fill(shut[1], upTo: .max)  // until the peer's window is shut, and the send buffer full
            held += shut
            let half = try pair(isV6)
            shutdown(half[1], Int32(SHUT_WR))
            held += half
            let left = try pair(isV6)
            close(left[2])  // CLOSE_WAIT, and FIN_WAIT2 that no process has
            held += left.prefix(2)
            let over = try pair(isV6)
            close(over[2])
            close(over[1])  // TIME_WAIT
            held.append(over[0])
            held += try handshakes(isV6)
        }
        return held
    }

    /// A listener, the end that connected, and the one that was accepted.
    private static func pair(_ isV6: Bool, _ prepare: (Int32) throws -> Void = { _ in }) throws -> [Int32] {
        let listener = try listen(isV6, backlog: 4)
        let client = try socket(isV6)
        try prepare(client)
        try connect(client, to: listener, isV6)
        let server = try syscall("accept", on: "loopback") { accept(listener, nil, nil) }
        return [listener, client, server]
    }

    /// A listener that takes none before its data has come: SYN_RECV; and one whose queue is full: SYN_SENT.
    private static func handshakes(_ isV6: Bool) throws -> [Int32] {
        let deferring = try listen(isV6, backlog: 4)
        try set(deferring, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, 60)
        let waiting = try socket(isV6)
        try connect(waiting, to: deferring, isV6)
        let full = try listen(isV6, backlog: 0)
        var clients: [Int32] = []
        for _ in 0..<3 {
            let client = try socket(isV6)
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            try? connect(client, to: full, isV6)  // EINPROGRESS
            clients.append(client)
        }
        return [deferring, waiting, full] + clients
    }

    private static func socket(_ isV6: Bool) throws -> Int32 {
        try syscall("socket", on: "TCP") {
            Glibc.socket(isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
    }

    private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) throws {
        var value = value
        try syscall("setsockopt", on: "option \(option)") { unsafe setsockopt(socket, level, option, &value, 4) }
    }

    private static func listen(_ isV6: Bool, backlog: Int32) throws -> Int32 {
        let listener = try socket(isV6)
        unsafe try SocketPair.withAddress(isV6: isV6, port: 0) { address, size in
            _ = try syscall("bind", on: "loopback") { unsafe bind(listener, address, size) }
        }
        try syscall("listen", on: "loopback") { Glibc.listen(listener, backlog) }
        return listener
    }

    private static func connect(_ client: Int32, to listener: Int32, _ isV6: Bool) throws {
        let port = try SocketPair.port(of: listener, isV6: isV6)
        unsafe try SocketPair.withAddress(isV6: isV6, port: port) { address, size in
            _ = try syscall("connect", on: "loopback") { unsafe Glibc.connect(client, address, size) }
        }
    }

    private static func fill(_ socket: Int32, upTo limit: Int) {
        let piece = [UInt8](repeating: 120, count: 10_000)
        var sent = 0
        while sent < limit {
            let count = unsafe send(socket, piece, min(piece.count, limit - sent), Int32(MSG_DONTWAIT))
            guard count > 0 else { return }
            sent += count
        }
    }

    private static func drain(_ socket: Int32, _ count: Int) {
        var left = count
        var buffer = [UInt8](repeating: 0, count: 10_000)
        while left > 0 {
            let got = unsafe recv(socket, &buffer, min(buffer.count, left), 0)
            guard got > 0 else { return }
            left -= got
        }
    }
}
