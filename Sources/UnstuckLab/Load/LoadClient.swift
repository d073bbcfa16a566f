import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Keeps many connections to an echo server busy and compares every byte that comes back. One thread, one loop.
public struct LoadClient: ~Copyable {
    private let options: LoadOptions
    private var epoll: Epoll
    private var connections: [Int32: Connection] = [:]
    private var report = LoadReport()
    private var nextSourcePort: UInt16

    private static let errorLimit = 1000

    /// A class, because it owns its socket and lives in a dictionary.
    private final class Connection {
        let socket: TCP
        var random: PseudoRandom
        var exchange: EchoExchange
        var exchanges = 0
        var lastProgress = ContinuousClock.now

        init(_ socket: consuming TCP, number: Int, messageBytes: Int) {
            self.socket = socket
            random = PseudoRandom(seed: UInt64(number))
            exchange = EchoExchange(random.bytes(messageBytes))
        }
    }

    private init(_ options: LoadOptions, epoll: consuming Epoll) {
        self.options = options
        self.epoll = epoll
        nextSourcePort = options.sourcePorts?.lowerBound ?? 0
        report.connections = options.connections
    }

    /// Runs to the end of its time, or until SIGTERM; then the exchanges under way are finished.
    public static func run(_ options: LoadOptions) throws -> LoadReport {
        guard options.connections > 0, options.messageBytes > 0, options.seconds > 0, options.churn >= 0 else {
            throw LabError(.invalid, "connections, message bytes and seconds are positive numbers")
        }
        var client = LoadClient(options, epoll: try Epoll())
        return try client.run()
    }

    private mutating func run() throws -> LoadReport {
        let end = Deadline(after: .seconds(options.seconds))
        let signals = OwnedDescriptor(
            owning: try syscall("signalfd", on: "load") { linux_signal_descriptor(1 << UInt64(SIGTERM)) })
        try epoll.add(signals.raw, .read)
        var isTold = false
        var isEnding: Bool { isTold || end.hasPassed }
        for _ in 0..<options.connections { open() }
        while !(isEnding && connections.isEmpty) {
            for (fd, ready) in try epoll.wait(timeout: 50) {
                if fd == signals.raw {
                    isTold = linux_next_signal(signals.raw) == SIGTERM || isTold
                } else {
                    serve(fd, ready, isEnding: isEnding)
                }
            }
            dropStalled(isEnding: isEnding)
            guard report.errors < Self.errorLimit else { break }
        }
        return report
    }

    // MARK: Connections

    private mutating func open() {
        report.opened += 1
        do throws(SystemError) {
            let socket = try connectingSocket()
            let fd = socket.raw
            try epoll.add(fd, [.read, .write])
            connections[fd] = Connection(socket, number: report.opened, messageBytes: options.messageBytes)
        } catch {
            report.errors += 1
            note("cannot open connection \(report.opened): \(error)")
        }
    }

    /// A socket whose connection is under way, from the next free port of the range if there is one.
    private mutating func connectingSocket() throws(SystemError) -> TCP {
        let family: AddressFamily = options.target.address.isV4 ? .v4 : .v6
        var attempts = options.sourcePorts.map { Int($0.upperBound) - Int($0.lowerBound) + 1 } ?? 1
        while true {
            attempts -= 1
            let socket = try TCP(family, blocking: false)
            do throws(SystemError) {
                if let ports = options.sourcePorts {
                    try socket.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
                    let any = family == .v4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0)
                    let port = nextSourcePort
                    nextSourcePort = port == ports.upperBound ? ports.lowerBound : port + 1
                    try socket.bind(to: Endpoint(any, port))
                }
                try socket.connect(to: options.target)
                return socket
            } catch {
                if error.errno == EINPROGRESS { return socket }
                guard attempts > 0, error.errno == EADDRINUSE || error.errno == EADDRNOTAVAIL else { throw error }
            }
        }
    }

    private mutating func close(_ fd: Int32, isEnding: Bool) {
        connections[fd] = nil
        if !isEnding { open() }
    }

    private mutating func dropStalled(isEnding: Bool) {
        let oldest = ContinuousClock.now - options.stallLimit
        for (fd, connection) in connections where connection.lastProgress < oldest {
            report.stalled += 1
            note("no progress for \(options.stallLimit): \(name(connection))")
            close(fd, isEnding: isEnding)
        }
    }

    // MARK: Exchanges

    private mutating func serve(_ fd: Int32, _ ready: Epoll.Interest, isEnding: Bool) {
        guard let connection = connections[fd] else { return }
        do throws(SystemError) {
            var isDone = false
            if !ready.isDisjoint(with: [.read, .broken]) { isDone = try receive(connection, isEnding: isEnding) }
            if isDone { return close(fd, isEnding: isEnding) }
            try send(connection)
        } catch {
            if error.errno == EAGAIN { return }
            report.errors += 1
            note("\(name(connection)): \(error)")
            close(fd, isEnding: isEnding)
        }
    }

    /// - Returns: whether the connection is to be closed.
    private mutating func receive(_ connection: Connection, isEnding: Bool) throws(SystemError) -> Bool {
        let bytes = try TCP.receive(65536, on: connection.socket.raw)
        guard !bytes.isEmpty else {
            report.errors += 1
            note("the server ended \(name(connection))")
            return true
        }
        connection.lastProgress = ContinuousClock.now
        switch connection.exchange.received(bytes) {
        case .more: break
        case .mismatch:
            report.mismatches += 1
            note("wrong bytes on \(name(connection))")
            return true
        case .complete:
            report.exchanges += 1
            report.bytes += options.messageBytes
            connection.exchanges += 1
            if isEnding || (options.churn > 0 && connection.exchanges >= options.churn) { return true }
            connection.exchange = EchoExchange(connection.random.bytes(options.messageBytes))
        }
        return false
    }

    private func send(_ connection: Connection) throws(SystemError) {
        let fd = connection.socket.raw
        while !connection.exchange.unsent.isEmpty {
            do throws(SystemError) {
                connection.exchange.sent(try TCP.send(connection.exchange.unsent, on: fd))
                connection.lastProgress = ContinuousClock.now
            } catch {
                guard error.errno == EAGAIN else { throw error }
                return try epoll.modify(fd, [.read, .write])
            }
        }
        try epoll.modify(fd, .read)
    }

    private func name(_ connection: Connection) -> String {
        let local = (try? connection.socket.localEndpoint()).map(String.init(describing:)) ?? "unconnected"
        return "\(local) -> \(options.target)"
    }

    private func note(_ text: String) {
        if report.errors + report.mismatches + report.stalled <= 5 { options.log(text) }
    }
}
