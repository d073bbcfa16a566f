import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// The server of a pod: HTTP on 8080, echo on 7070, and on 6060 a listener that nobody accepts from. One thread, one
/// loop.
///
/// SIGUSR1 closes every held connection; SIGUSR2 closes the 6060 listener and opens it anew; SIGTERM ends the server.
/// What happens to connections is said on standard output, a line each, because the faults are checked by it.
public struct LabServer: ~Copyable {
    public static let httpPort: UInt16 = 8080
    public static let echoPort: UInt16 = 7070
    public static let unacceptedPort: UInt16 = 6060
    static let unacceptedBacklog: Int32 = 512
    static let httpBacklog: Int32 = 1024

    private var epoll: Epoll
    private let http: TCP
    private let echo: TCP
    private var unaccepted: TCP?
    private let signals: OwnedDescriptor
    private var connections: [Int32: ServerConnection] = [:]
    /// Kept out of the loop until a time: when, which.
    private var working: [(due: ContinuousClock.Instant, fd: Int32)] = []
    private var held: [Int32] = []
    private let log: (String) -> Void

    private init(
        epoll: consuming Epoll, http: consuming TCP, echo: consuming TCP, unaccepted: consuming TCP,
        signals: consuming OwnedDescriptor, log: @escaping (String) -> Void
    ) {
        self.epoll = epoll
        self.http = http
        self.echo = echo
        self.unaccepted = consume unaccepted
        self.signals = signals
        self.log = log
    }

    /// A server whose ports listen.
    /// - Parameter log: gets a line for everything that the faults want to know.
    public static func listening(log: @escaping (String) -> Void) throws -> LabServer {
        let mask = [SIGUSR1, SIGUSR2, SIGTERM].reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        let signals = OwnedDescriptor(owning: try syscall("signalfd", on: "server") { linux_signal_descriptor(mask) })
        let epoll = try Epoll()
        let http = try TCP.listener(port: httpPort, backlog: httpBacklog)
        let echo = try TCP.listener(port: echoPort, backlog: 4096)
        let unaccepted = try TCP.listener(port: unacceptedPort, backlog: unacceptedBacklog)
        for fd in [signals.raw, http.raw, echo.raw] { try epoll.add(fd, .read) }
        return LabServer(epoll: epoll, http: http, echo: echo, unaccepted: unaccepted, signals: signals, log: log)
    }

    /// Serves until SIGTERM.
    public mutating func run() throws {
        while true {
            for (fd, ready) in try epoll.wait(timeout: timeToNextWork()) {
                switch fd {
                case signals.raw: if try handleSignals() { return }
                case http.raw: try accept(fd, .http)
                case echo.raw: try accept(fd, .echo)
                default: serve(fd, ready)
                }
            }
            finishWork()
        }
    }

    // MARK: Signals

    /// - Returns: whether to end.
    private mutating func handleSignals() throws -> Bool {
        while true {
            switch linux_next_signal(signals.raw) {
            case SIGUSR1:
                for fd in held { close(fd) }
                log("released \(held.count)")
                held = []
            case SIGUSR2:
                unaccepted = nil
                unaccepted = try TCP.listener(port: Self.unacceptedPort, backlog: Self.unacceptedBacklog)
                log("reopened \(Self.unacceptedPort)")
            case SIGTERM: return true
            default: return false
            }
        }
    }

    // MARK: Connections

    private mutating func accept(_ listener: Int32, _ service: ServerConnection.Service) throws {
        while true {
            let fd = linux_accept(listener)
            // Out of descriptors, or the peer has gone already: the loop comes back here.
            guard fd >= 0 else { return }
            connections[fd] = ServerConnection(service)
            try epoll.add(fd, .read)
        }
    }

    private mutating func serve(_ fd: Int32, _ ready: Epoll.Interest) {
        guard connections[fd] != nil else { return }
        do throws(SystemError) {
            if !ready.isDisjoint(with: [.read, .broken]) { try read(fd) }
            try flush(fd)
        } catch {
            if error.errno != EAGAIN { drop(fd) }
        }
    }

    private mutating func read(_ fd: Int32) throws(SystemError) {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try TCP.receive(65536, on: fd)
        } catch {
            if error.errno == EAGAIN { return }
            throw error
        }
        guard !bytes.isEmpty else {
            connections[fd]?.ended()
            return
        }
        switch connections[fd]?.received(bytes) {
        case .hold:
            try epoll.remove(fd)
            connections[fd] = nil
            held.append(fd)
            let peer = try TCP.remoteEndpoint(of: fd)
            log(HeldConnection(peer: peer, descriptor: fd, inode: inodeNumber("/proc/self/fd/\(fd)") ?? 0).line)
        case .work(let milliseconds):
            // Out of the loop: not even a reset is noticed before the work is done.
            try epoll.remove(fd)
            working.append((ContinuousClock.now + .milliseconds(milliseconds), fd))
        case .some(.none), nil: break
        }
    }

    /// Sends what it can and tells the loop what to wait for next.
    private mutating func flush(_ fd: Int32) throws(SystemError) {
        guard var connection = connections[fd], !working.contains(where: { $0.fd == fd }) else { return }
        while !connection.unsent.isEmpty {
            do throws(SystemError) {
                connection.sent(try TCP.send(connection.unsent, on: fd))
            } catch {
                if error.errno == EAGAIN { break }
                throw error
            }
        }
        connections[fd] = connection
        if connection.isFinished { return drop(fd) }
        var interest: Epoll.Interest = []
        if connection.wantsInput { interest.insert(.read) }
        if !connection.unsent.isEmpty { interest.insert(.write) }
        try epoll.modify(fd, interest)
    }

    private mutating func drop(_ fd: Int32) {
        connections[fd] = nil
        close(fd)
    }

    // MARK: Slow work

    private func timeToNextWork() -> Int32 {
        guard let next = working.map(\.due).min() else { return -1 }
        let left = next - ContinuousClock.now
        return left > .zero
            ? Int32(clamping: left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
            : 0
    }

    private mutating func finishWork() {
        let now = ContinuousClock.now
        let due = working.filter { $0.due <= now }.map(\.fd)
        working.removeAll { $0.due <= now }
        for fd in due {
            connections[fd]?.answerWork()
            // Into the loop again only if the answer does not go out at once.
            guard (try? epoll.add(fd, [])) != nil, (try? flush(fd)) != nil else {
                drop(fd)
                continue
            }
        }
    }
}
