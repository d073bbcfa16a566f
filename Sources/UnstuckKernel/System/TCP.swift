import CLinuxUAPI
import Glibc
import UnstuckModel

/// A TCP socket that is closed when its owner goes. Errors are a `SystemError` each, about the address or the descriptor.
public struct TCP: ~Copyable {
    public let descriptor: OwnedDescriptor
    public var raw: Int32 { descriptor.raw }

    public init(isV4: Bool, blocking: Bool = true) throws(SystemError) {
        let domain = isV4 ? AF_INET : AF_INET6
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | (blocking ? 0 : SOCK_NONBLOCK.rawValue))
        descriptor = OwnedDescriptor(
            owning: try syscall("socket", on: "IPv\(isV4 ? 4 : 6)") { socket(domain, type, 0) })
    }

    /// Takes over an open socket.
    public init(owning raw: Int32) { descriptor = OwnedDescriptor(owning: raw) }

    /// A listener on every address of the host, of both families or of IPv4 alone.
    public static func listener(port: UInt16, backlog: Int32, isV4Only: Bool = false) throws -> TCP {
        let listener = try TCP(isV4: isV4Only, blocking: false)
        try listener.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        if !isV4Only { try listener.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0, "IPV6_V6ONLY") }
        try listener.bind(to: Endpoint(isV4Only ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0), port))
        try listener.listen(backlog)
        return listener
    }

    /// A listener on one address; port 0 lets the kernel choose.
    public static func listener(on local: Endpoint, backlog: Int32) throws -> TCP {
        let listener = try TCP(isV4: local.address.isV4)
        try listener.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        try listener.bind(to: local)
        try listener.listen(backlog)
        return listener
    }

    public func listen(_ backlog: Int32) throws(SystemError) {
        let raw = raw
        try syscall("listen", on: place) { Glibc.listen(raw, backlog) }
    }

    /// The next connection that comes within `limit` milliseconds.
    public func accept(within limit: Int32) throws(SystemError) -> TCP {
        let raw = raw
        try setTimeouts(limit)
        return TCP(owning: try syscall("accept", on: place) { Glibc.accept(raw, nil, nil) })
    }

    /// Of receives, sends, connects and accepts from now on, in milliseconds.
    public func setTimeouts(_ limit: Int32) throws(SystemError) {
        let raw = raw
        try syscall("setsockopt", on: "timeouts") { linux_set_timeouts(raw, limit) }
    }

    /// A connection, made within `limit` milliseconds; later receives and sends have the same limit.
    public static func connected(from local: Endpoint?, to remote: Endpoint, within limit: Int32 = 30_000) throws -> TCP
    {
        let client = try TCP(isV4: remote.address.isV4)
        try client.setTimeouts(limit)
        if let local {
            try client.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
            try client.bind(to: local)
        }
        try client.connect(to: remote)
        return client
    }

    public func set(_ level: Int32, _ option: Int32, _ value: Int32, _ name: String) throws(SystemError) {
        let raw = raw
        try syscall("setsockopt", on: name) { linux_set_option(raw, level, option, value) }
    }

    public func bind(to local: Endpoint) throws(SystemError) {
        let raw = raw
        let bytes = local.address.bytes
        try syscall("bind", on: local.description) { unsafe linux_bind(raw, bytes, Int32(bytes.count), local.port) }
    }

    public func connect(to remote: Endpoint) throws(SystemError) {
        let raw = raw
        let bytes = remote.address.bytes
        try syscall("connect", on: remote.description) {
            unsafe linux_connect(raw, bytes, Int32(bytes.count), remote.port)
        }
    }

    /// Gives up the connection; the socket, bound as before, can make another.
    public func disconnect() throws(SystemError) {
        let raw = raw
        try syscall("connect", on: "AF_UNSPEC") { linux_disconnect(raw) }
    }

    /// Its own end, for errors.
    private var place: String { (try? localEndpoint()).map { "\($0)" } ?? "descriptor \(raw)" }

    public func localEndpoint() throws(SystemError) -> Endpoint { try Self.localEndpoint(of: raw) }

    public static func localEndpoint(of raw: Int32) throws(SystemError) -> Endpoint {
        var bytes = [UInt8](repeating: 0, count: 16)
        var port: UInt16 = 0
        let size = try syscall("getsockname", on: "descriptor \(raw)") {
            unsafe linux_local_address(raw, &bytes, &port)
        }
        return Endpoint(IPAddress(bytes: bytes.prefix(Int(size))) ?? IPAddress(v4: 0), port)
    }

    public static func remoteEndpoint(of raw: Int32) throws(SystemError) -> Endpoint {
        var bytes = [UInt8](repeating: 0, count: 16)
        var port: UInt16 = 0
        let size = try syscall("getpeername", on: "descriptor \(raw)") {
            unsafe linux_remote_address(raw, &bytes, &port)
        }
        return Endpoint(IPAddress(bytes: bytes.prefix(Int(size))) ?? IPAddress(v4: 0), port)
    }

    /// Closing it will send a RST.
    public func resetOnClose() throws(SystemError) {
        let raw = raw
        try syscall("setsockopt", on: "SO_LINGER") { linux_reset_on_close(raw) }
    }

    public func send(_ bytes: [UInt8]) throws(SystemError) -> Int { try Self.send(bytes[...], on: raw) }

    public static func send(_ bytes: ArraySlice<UInt8>, on raw: Int32) throws(SystemError) -> Int {
        try syscall("send", on: "descriptor \(raw)") {
            unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// Up to `limit` bytes; empty at the end of the stream.
    public static func receive(_ limit: Int, on raw: Int32) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try syscall("recv", on: "descriptor \(raw)") {
            unsafe bytes.withUnsafeMutableBytes { unsafe recv(raw, $0.baseAddress, $0.count, 0) }
        }
        bytes.removeLast(limit - count)
        return bytes
    }
}
