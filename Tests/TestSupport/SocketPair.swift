import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Two ends of a real TCP connection over the loopback, both held by this process.
public final class SocketPair {
    /// The end that connected, and the one that was accepted.
    public private(set) var client: Int32
    public private(set) var server: Int32
    /// As the accepted end sees it.
    public let tuple: FourTuple
    /// The accepted end's listener, if it stays open.
    private let listener: OwnedDescriptor?

    /// - Parameters:
    ///   - clientPort: 0 lets the kernel choose.
    ///   - keepsListening: the listener stays open, which tells others which end is the server.
    public init(isV6: Bool = false, clientPort: UInt16 = 0, keepsListening: Bool = false) throws {
        let owned = OwnedDescriptor(owning: try Self.socket(isV6: isV6))
        let listener = owned.raw
        try Self.bind(listener, isV6: isV6, port: 0)
        try syscall("listen", on: "loopback") { listen(listener, 8) }
        let port = try Self.port(of: listener, isV6: isV6)
        client = try Self.socket(isV6: isV6)
        try Self.bind(client, isV6: isV6, port: clientPort)
        let connecting = client
        unsafe try Self.withAddress(isV6: isV6, port: port) { address, size in
            _ = try syscall("connect", on: "loopback") { unsafe connect(connecting, address, size) }
        }
        server = try syscall("accept", on: "loopback") { accept(listener, nil, nil) }
        let loopback = IPAddress(isV6 ? "::1" : "127.0.0.1") ?? IPAddress(v4: 0)
        tuple = FourTuple(
            local: Endpoint(loopback, port), remote: Endpoint(loopback, try Self.port(of: client, isV6: isV6)))
        self.listener = keepsListening ? consume owned : nil
    }

    deinit {
        if client >= 0 { close(client) }
        if server >= 0 { close(server) }
    }

    /// The client resets the connection; the server's end goes to CLOSE and stays open: a zombie, once it is mapped.
    public func resetByClient() throws {
        var option = linger(l_onoff: 1, l_linger: 0)
        let descriptor = client
        try syscall("setsockopt", on: "SO_LINGER") {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        close(client)
        client = -1
        var event = pollfd(fd: server, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&event, 1, 2000) == 1 else { throw SystemError("poll", "the reset", errno: ETIMEDOUT) }
    }

    /// Connects the server's end again, to a listener of its own that stays open with it.
    public func reconnectServer() throws {
        let listener = try Self.socket(isV6: false)
        defer { close(listener) }
        try Self.bind(listener, isV6: false, port: 0)
        try syscall("listen", on: "loopback") { listen(listener, 8) }
        let port = try Self.port(of: listener, isV6: false)
        let descriptor = server
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        try syscall("connect", on: "AF_UNSPEC") {
            unsafe connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
        }
        unsafe try Self.withAddress(isV6: false, port: port) { address, size in
            _ = try syscall("connect", on: "loopback") { unsafe connect(descriptor, address, size) }
        }
        client = try syscall("accept", on: "loopback") { accept(listener, nil, nil) }
    }

    public func closeServer() {
        close(server)
        server = -1
    }

    /// The cookie of an end.
    public static func cookie(_ descriptor: Int32) -> UInt64 {
        var cookie: UInt64 = 0
        return unsafe linux_socket_cookie(descriptor, &cookie) == 0 ? cookie : 0
    }

    /// The inode of an end; unlike a cookie, every kernel tells it of a socket.
    public static func inode(_ descriptor: Int32) -> UInt64 {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    private static func socket(isV6: Bool) throws -> Int32 {
        let descriptor = try syscall("socket", on: "TCP") {
            Glibc.socket(isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        var one: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        return descriptor
    }

    private static func bind(_ descriptor: Int32, isV6: Bool, port: UInt16) throws {
        unsafe try withAddress(isV6: isV6, port: port) { address, size in
            _ = try syscall("bind", on: "port \(port)") { unsafe Glibc.bind(descriptor, address, size) }
        }
    }

    public static func withAddress(
        isV6: Bool, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws {
        if isV6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            try unsafe withUnsafePointer(to: &address) {
                try unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe try body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            try unsafe withUnsafePointer(to: &address) {
                try unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe try body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }

    public static func port(of descriptor: Int32, isV6: Bool) throws -> UInt16 {
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        try unsafe withUnsafeMutablePointer(to: &address) { pointer in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = try syscall("getsockname", on: "socket") { unsafe getsockname(descriptor, address, &size) }
            }
        }
        return UInt16(bigEndian: address.sin6_port)  // at the same offset in both families
    }
}
