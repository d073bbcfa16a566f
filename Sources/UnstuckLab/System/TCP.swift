import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// A TCP socket that is closed when its owner goes.
struct TCP: ~Copyable {
    let descriptor: OwnedDescriptor
    var raw: Int32 { descriptor.raw }

    init(_ family: AddressFamily, blocking: Bool = true) throws(SystemError) {
        let domain = family == .v4 ? AF_INET : AF_INET6
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | (blocking ? 0 : SOCK_NONBLOCK.rawValue))
        descriptor = OwnedDescriptor(
            owning: try syscall("socket", on: "IPv\(family.rawValue)") { socket(domain, type, 0) })
    }

    /// Takes over an open socket.
    init(owning raw: Int32) { descriptor = OwnedDescriptor(owning: raw) }

    /// A listener on every address of the host, of both families or of IPv4 alone.
    static func listener(port: UInt16, backlog: Int32, isV4Only: Bool = false) throws -> TCP {
        let listener = try TCP(isV4Only ? .v4 : .v6, blocking: false)
        try listener.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        if !isV4Only { try listener.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0, "IPV6_V6ONLY") }
        try listener.bind(to: Endpoint(isV4Only ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0), port))
        let raw = listener.raw
        try syscall("listen", on: "port \(port)") { Glibc.listen(raw, backlog) }
        return listener
    }

    /// A connection, made within `limit`; later receives and sends have the same limit.
    static func connected(from local: Endpoint?, to remote: Endpoint, within limit: Int32 = 30_000) throws -> TCP {
        let client = try TCP(remote.address.isV4 ? .v4 : .v6)
        let raw = client.raw
        try syscall("setsockopt", on: "timeouts") { linux_set_timeouts(raw, limit) }
        if let local {
            try client.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
            try client.bind(to: local)
        }
        try client.connect(to: remote)
        return client
    }

    func set(_ level: Int32, _ option: Int32, _ value: Int32, _ name: String) throws(SystemError) {
        let raw = raw
        try syscall("setsockopt", on: name) { linux_set_option(raw, level, option, value) }
    }

    func bind(to local: Endpoint) throws(SystemError) {
        let raw = raw
        let bytes = local.address.bytes
        try syscall("bind", on: local.description) { unsafe linux_bind(raw, bytes, Int32(bytes.count), local.port) }
    }

    func connect(to remote: Endpoint) throws(SystemError) {
        let raw = raw
        let bytes = remote.address.bytes
        try syscall("connect", on: remote.description) {
            unsafe linux_connect(raw, bytes, Int32(bytes.count), remote.port)
        }
    }

    /// Gives up the connection; the socket, bound as before, can make another.
    func disconnect() throws(SystemError) {
        let raw = raw
        try syscall("connect", on: "AF_UNSPEC") { linux_disconnect(raw) }
    }

    func localEndpoint() throws(SystemError) -> Endpoint { try Self.localEndpoint(of: raw) }

    static func localEndpoint(of raw: Int32) throws(SystemError) -> Endpoint {
        var bytes = [UInt8](repeating: 0, count: 16)
        var port: UInt16 = 0
        let size = try syscall("getsockname", on: "descriptor \(raw)") {
            unsafe linux_local_address(raw, &bytes, &port)
        }
        return Endpoint(IPAddress(bytes: bytes.prefix(Int(size))) ?? IPAddress(v4: 0), port)
    }

    static func remoteEndpoint(of raw: Int32) throws(SystemError) -> Endpoint {
        var bytes = [UInt8](repeating: 0, count: 16)
        var port: UInt16 = 0
        let size = try syscall("getpeername", on: "descriptor \(raw)") {
            unsafe linux_remote_address(raw, &bytes, &port)
        }
        return Endpoint(IPAddress(bytes: bytes.prefix(Int(size))) ?? IPAddress(v4: 0), port)
    }

    /// Closing it will send a RST.
    func resetOnClose() throws(SystemError) {
        let raw = raw
        try syscall("setsockopt", on: "SO_LINGER") { linux_reset_on_close(raw) }
    }

    func send(_ bytes: [UInt8]) throws(SystemError) -> Int { try Self.send(bytes[...], on: raw) }

    static func send(_ bytes: ArraySlice<UInt8>, on raw: Int32) throws(SystemError) -> Int {
        try syscall("send", on: "descriptor \(raw)") {
            unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// Up to `limit` bytes; empty at the end of the stream.
    static func receive(_ limit: Int, on raw: Int32) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try syscall("recv", on: "descriptor \(raw)") {
            unsafe bytes.withUnsafeMutableBytes { unsafe recv(raw, $0.baseAddress, $0.count, 0) }
        }
        bytes.removeLast(limit - count)
        return bytes
    }

    /// Sends bytes to an echo server and reads them back. False if other bytes, or an end, came back.
    func echoes(_ bytes: [UInt8]) throws(SystemError) -> Bool {
        guard try send(bytes) == bytes.count else { return false }
        var back: [UInt8] = []
        while back.count < bytes.count {
            let chunk = try Self.receive(bytes.count - back.count, on: raw)
            if chunk.isEmpty { return false }
            back += chunk
        }
        return back == bytes
    }
}
