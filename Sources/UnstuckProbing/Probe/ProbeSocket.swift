import CLinuxUAPI  // whichever module is built first owns the C library's socket constants
import Glibc
import UnstuckKernel
import UnstuckModel

/// What ended a connection attempt or an exchange on the wire.
enum WireFailure: Error {
    case timedOut
    /// `call` by Go's name: connect, read, write.
    case refused(call: String, errno: Int32)
    /// Nothing on the wire: the probe could not be tried.
    case local(ProbeError)
}

/// A TCP client socket that never blocks longer than a deadline. Closed when it goes.
struct ProbeSocket: ~Copyable {
    private let tcp: TCP
    private let target: Endpoint

    private init(_ tcp: consuming TCP, to target: Endpoint) {
        self.tcp = tcp
        self.target = target
    }

    /// A socket with kubelet's options, bound if the vantage asks for it.
    static func open(to target: Endpoint, from vantage: Vantage) throws(ProbeError) -> ProbeSocket {
        if let source = vantage.sourceAddress, source.isV4 != target.address.isV4 {
            throw ProbeError(.usage, "the source address \(source) and the target \(target) are of different families")
        }
        let tcp: TCP
        do {
            tcp = try TCP(isV4: target.address.isV4, blocking: false)
        } catch {
            throw ProbeError(.system, "cannot make a socket for \(target): \(error.reason)", cause: error)
        }
        let opened = ProbeSocket(tcp, to: target)
        // kubelet: one second, so that neither TIME_WAIT sockets pile up nor pending data is thrown away.
        opened.set(SO_LINGER, to: linger(l_onoff: 1, l_linger: 1))
        try opened.bind(from: vantage)
        return opened
    }

    private borrowing func set<Value: BitwiseCopyable>(_ option: Int32, to value: Value) {
        var value = value
        _ = unsafe setsockopt(tcp.raw, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Value>.size))
    }

    private borrowing func bind(from vantage: Vantage) throws(ProbeError) {
        guard vantage.sourceAddress != nil || vantage.sourcePort != nil else { return }
        let any = target.address.isV4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0)
        let source = Endpoint(vantage.sourceAddress ?? any, vantage.sourcePort ?? 0)
        // Without it, a port that an earlier probe left in TIME_WAIT could not be asked for again.
        set(SO_REUSEADDR, to: Int32(1))
        do {
            try tcp.bind(to: source)
        } catch {
            throw Self.refusal(error, source: source)
        }
    }

    private static func refusal(_ error: SystemError, source: Endpoint) -> ProbeError {
        switch error.errno {
        case EADDRINUSE:
            ProbeError(.source, "source port \(source.port) is taken by another socket there", cause: error)
        case EADDRNOTAVAIL:
            ProbeError(.source, "\(source.address) is not an address of this network namespace", cause: error)
        case EACCES:
            ProbeError(
                .source, "source port \(source.port) is privileged", capability: "CAP_NET_BIND_SERVICE", cause: error)
        default:
            ProbeError(.source, "cannot use \(source) as the source: \(error.reason)", cause: error)
        }
    }

    /// Completes the handshake. `local` is reported as soon as the kernel has chosen it, also when nothing answers.
    borrowing func connect(
        from vantage: Vantage, until deadline: Deadline, local: (Endpoint?) -> Void
    ) throws(WireFailure) {
        var code: Int32 = 0
        do {
            try tcp.connect(to: target)
        } catch {
            code = error.errno
        }
        local(localEndpoint)
        if code == EINPROGRESS {
            try wait(for: POLLOUT, until: deadline)
            code = pendingError
        }
        if code == EADDRNOTAVAIL, let port = vantage.sourcePort {
            throw .local(ProbeError(.source, "source port \(port) already has a connection to \(target)"))
        }
        guard code == 0 else { throw .refused(call: "connect", errno: code) }
        local(localEndpoint)
    }

    borrowing func write(_ bytes: [UInt8], until deadline: Deadline) throws(WireFailure) {
        var sent = 0
        while sent < bytes.count {
            let offset = sent
            let raw = tcp.raw
            let count = unsafe bytes.withUnsafeBytes { buffer in
                // A peer that is gone must not kill us by SIGPIPE.
                unsafe send(raw, buffer.baseAddress?.advanced(by: offset), buffer.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else {
                try pause(after: errno, call: "write", for: POLLOUT, until: deadline)
            }
        }
    }

    /// The next bytes; empty when the peer closed.
    borrowing func read(until deadline: Deadline) throws(WireFailure) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            // Asked before each try: a server that never stops talking must not outlast the deadline.
            if deadline.hasPassed { throw .timedOut }
            let raw = tcp.raw
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(raw, $0.baseAddress, $0.count, 0) }
            if count >= 0 { return Array(buffer[..<count]) }
            try pause(after: errno, call: "read", for: POLLIN, until: deadline)
        }
    }

    private borrowing func pause(
        after code: Int32, call: String, for events: Int32, until deadline: Deadline
    ) throws(WireFailure) {
        switch code {
        case EINTR: return
        case EAGAIN: try wait(for: events, until: deadline)
        default: throw .refused(call: call, errno: code)
        }
    }

    private borrowing func wait(for events: Int32, until deadline: Deadline) throws(WireFailure) {
        var request = pollfd(fd: tcp.raw, events: Int16(events), revents: 0)
        while true {
            let ready = unsafe poll(&request, 1, deadline.remainingMilliseconds)
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw .refused(call: "poll", errno: errno) }
            if deadline.hasPassed { throw .timedOut }
        }
    }

    private var pendingError: Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(tcp.raw, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }

    /// `nil` until the kernel has given it a port.
    private var localEndpoint: Endpoint? {
        guard let endpoint = try? tcp.localEndpoint(), endpoint.port != 0 else { return nil }
        return endpoint
    }
}
