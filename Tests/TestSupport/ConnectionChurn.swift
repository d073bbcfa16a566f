import CLinuxUAPI
import Glibc
import Synchronization
import UnstuckKernel

/// Plain connections over the loopback that come and go at a rate: each is accepted, carries a byte either way and is reset,
/// so that no port waits in TIME_WAIT. They stop with the object, or by themselves when their time is over.
public final class ConnectionChurn {
    private let isStopped = Flag()
    private let threads: [Box]

    /// A thread that is waited for once.
    private final class Box {
        private var thread: JoinableThread<Void>?
        init(_ thread: consuming JoinableThread<Void>) { self.thread = consume thread }
        func wait() throws {
            guard let thread = thread.take() else { return }
            try thread.wait()
        }
    }

    /// - Parameters:
    ///   - rate: connections a second, over all threads.
    ///   - seconds: after which they stop in any case.
    public init(rate: Int, threads count: Int = 2, seconds: Int) throws {
        let (opened, isStopped) = (Counter(), self.isStopped)
        counter = opened
        threads = try (0..<count).map { _ in
            Box(
                try JoinableThread {
                    try Self.run(rate: Double(rate) / Double(count), seconds: seconds, isStopped) { opened.add() }
                })
        }
    }

    private let counter: Counter

    private final class Counter: Sendable {
        private let value = Atomic<Int>(0)
        func add() { value.add(1, ordering: .relaxed) }
        var count: Int { value.load(ordering: .relaxed) }
    }

    /// Connections so far.
    public var count: Int { counter.count }

    /// Ends them.
    ///
    /// - Throws: what one of them failed with.
    public func stop() throws {
        isStopped.set()
        for thread in threads { try thread.wait() }
    }

    deinit {
        isStopped.set()
        for thread in threads { try? thread.wait() }
    }

    private static func run(rate: Double, seconds: Int, _ isStopped: Flag, _ opened: () -> Void) throws {
        let listener = try syscall("socket", on: "loopback") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        defer { close(listener) }
        try syscall("listen", on: "loopback") { listen(listener, 64) }
        let port = try SocketPair.port(of: listener, isV6: false)
        let start = ContinuousClock.now
        var count = 0.0
        while !isStopped.isSet {
            let elapsed = ContinuousClock.now - start
            guard elapsed < .seconds(seconds) else { return }
            let due = rate * (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
            if count > due {
                usleep(1000)
                continue
            }
            try once(listener, port)
            opened()
            count += 1
        }
    }

    private static func once(_ listener: Int32, _ port: UInt16) throws {
        let client = try syscall("socket", on: "loopback") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        defer { close(client) }
        unsafe try SocketPair.withAddress(isV6: false, port: port) { address, size in
            _ = try syscall("connect", on: "loopback") { unsafe connect(client, address, size) }
        }
        let server = try syscall("accept", on: "loopback") { accept(listener, nil, nil) }
        defer { close(server) }
        var byte: UInt8 = 1
        for (from, to) in [(client, server), (server, client)] {
            try syscall("send", on: "loopback") { unsafe send(from, &byte, 1, 0) }
            try syscall("recv", on: "loopback") { unsafe recv(to, &byte, 1, 0) }
        }
        var option = linger(l_onoff: 1, l_linger: 0)
        try syscall("setsockopt", on: "SO_LINGER") {
            unsafe setsockopt(client, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
    }
}
