import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// What an end of a connection is: a process of its own that does its steps, and prints a line after each.
public struct EndProcess {
    private let steps: [EndStep]
    private var listener: ScenarioSocket?
    private var connection: ScenarioSocket?
    /// Served, and kept open.
    private var kept: [ScenarioSocket] = []

    /// - Parameter steps: JSON, as ``End`` passes it.
    public init(steps: String) throws { self.steps = try JSONText.decode([EndStep].self, from: steps) }

    /// Ends with its last step, by an error, or with its parent.
    public mutating func run(parent: Int32) throws {
        // Blocked from the beginning: one that comes early is found at the gate.
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, SIGUSR1)
        unsafe sigprocmask(SIG_BLOCK, &mask, nil)
        try Joining.endWithParent(parent)
        try StandardOutput.write("ready\n")
        for step in steps {
            try perform(step)
            try StandardOutput.write("done\n")
        }
    }

    private mutating func perform(_ step: EndStep) throws {
        switch step {
        case .gate: try waitAtGate()
        case .pause: while true { Glibc.pause() }
        case .futex: _ = linux_wait_in_futex()
        case .listen(let place, let backlog, let receiveBuffer): try listen(place, backlog, receiveBuffer)
        case .deferAccept(let seconds):
            let raw = try listening()
            try syscall("setsockopt", on: "TCP_DEFER_ACCEPT") {
                linux_set_option(raw, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, seconds)
            }
        case .relisten(let backlog):
            let raw = try listening()
            try syscall("listen", on: "the same port") { Glibc.listen(raw, backlog) }
        case .accept: connection = try accept()
        case .acceptAndAnswer(let count, let bytes):
            for _ in 0..<count {
                connection = try accept()
                try read(bytes)
                try send(bytes)
                if let connection { kept.append(connection) }
            }
        case .connect(let local, let remote):
            let client = try TCP(try endpoint(remote).address.isV4 ? .v4 : .v6)
            // An orphan that sends its last bytes again would keep the network namespace for minutes.
            try resetOnClose(client.raw)
            try client.bind(to: endpoint(local))
            try client.connect(to: endpoint(remote))
            connection = ScenarioSocket(client)
        case .send(let bytes): try send(bytes)
        case .read(let bytes): try read(bytes)
        case .endSending:
            let raw = try connected()
            try syscall("shutdown", on: "the connection") { shutdown(raw, Int32(SHUT_WR)) }
        case .readSlowly, .readBusily, .sendSteadily, .readAll, .ask, .answer, .knock, .pauseProcess:
            try goOn(step)
        }
    }

    /// Steps that have no end, but the connection's.
    private func goOn(_ step: EndStep) throws {
        switch step {
        case .readSlowly:
            while try !TCP.receive(16384, on: connected()).isEmpty { usleep(100_000) }
        case .readBusily:
            while try !TCP.receive(1 << 20, on: connected()).isEmpty { compute(for: .milliseconds(50)) }
        case .readAll:
            while try !TCP.receive(1 << 20, on: connected()).isEmpty {}
        case .sendSteadily(let bytes):
            while true {
                try send(bytes)
                usleep(100_000)
            }
        case .ask(let bytes, let pause):
            while true {
                try send(bytes)
                try read(bytes)
                usleep(UInt32(pause) * 1000)
            }
        case .answer(let bytes, let delay):
            while true {
                try read(bytes)
                usleep(UInt32(delay) * 1000)
                try send(bytes)
            }
        case .knock(let place):
            while true {
                let caller = try TCP(try endpoint(place).address.isV4 ? .v4 : .v6, blocking: false)
                // EINPROGRESS: the SYN has left.
                try? caller.connect(to: endpoint(place))
                usleep(500_000)
            }
        case .pauseProcess(let pid, let stopped, let running):
            while kill(pid, SIGSTOP) == 0 {
                usleep(UInt32(stopped) * 1000)
                kill(pid, SIGCONT)
                usleep(UInt32(running) * 1000)
            }
        default: break
        }
    }

    private func waitAtGate() throws {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, SIGUSR1)
        var number: Int32 = 0
        while unsafe sigwait(&mask, &number) != 0 {}
    }

    private mutating func listen(_ place: String, _ backlog: Int32, _ receiveBuffer: Int32?) throws {
        let local = try endpoint(place)
        let socket = try TCP(local.address.isV4 ? .v4 : .v6)
        if let receiveBuffer { try socket.set(SOL_SOCKET, SO_RCVBUF, receiveBuffer, "SO_RCVBUF") }
        try socket.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        try resetOnClose(socket.raw)  // accepted sockets inherit it
        try socket.bind(to: local)
        let raw = socket.raw
        try syscall("listen", on: place) { Glibc.listen(raw, backlog) }
        listener = ScenarioSocket(socket)
    }

    private func resetOnClose(_ raw: Int32) throws {
        try syscall("setsockopt", on: "SO_LINGER") { linux_reset_on_close(raw) }
    }

    private func accept() throws -> ScenarioSocket {
        let raw = try listening()
        return ScenarioSocket(
            TCP(owning: try syscall("accept", on: "descriptor \(raw)") { Glibc.accept(raw, nil, nil) }))
    }

    private func listening() throws -> Int32 {
        guard let raw = listener?.raw else { throw LabError(.invalid, "it does not listen yet") }
        return raw
    }

    private func connected() throws -> Int32 {
        guard let raw = connection?.raw else { throw LabError(.invalid, "it has no connection yet") }
        return raw
    }

    private func send(_ bytes: Int) throws {
        let raw = try connected()
        var left = bytes
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: min(bytes, 65536))
        while left > 0 { left -= try TCP.send(chunk.prefix(left), on: raw) }
    }

    private func read(_ bytes: Int) throws {
        let raw = try connected()
        var left = bytes
        while left > 0 {
            let chunk = try TCP.receive(min(left, 65536), on: raw)
            guard !chunk.isEmpty else { throw LabError(.failed, "the stream ended \(left) bytes early") }
            left -= chunk.count
        }
    }

    private func compute(for time: Duration) {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {}
    }

    private func endpoint(_ text: String) throws -> Endpoint {
        guard let endpoint = Endpoint(text) else { throw LabError(.invalid, "no address and port: \(text)") }
        return endpoint
    }
}
