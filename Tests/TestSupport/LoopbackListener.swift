import CLinuxUAPI
import Glibc
import UnstuckKernel

/// A listener on 127.0.0.1 whose owner decides whether it accepts.
public final class LoopbackListener {
    private let descriptor: OwnedDescriptor
    public let port: UInt16

    public init() throws {
        let created = try syscall("socket", on: "TCP") {
            socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        descriptor = OwnedDescriptor(owning: created)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe try withUnsafeMutablePointer(to: &address) { pointer in
            unsafe try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = try syscall("bind", on: "127.0.0.1") { unsafe bind(created, address, size) }
                _ = try syscall("listen", on: "127.0.0.1") { listen(created, 8) }
                _ = try syscall("getsockname", on: "127.0.0.1") { unsafe getsockname(created, address, &size) }
            }
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    /// The next connection; waits for it.
    public func accept() throws -> OwnedDescriptor {
        let raw = descriptor.raw
        return OwnedDescriptor(owning: try syscall("accept", on: "port \(port)") { linux_accept(raw) })
    }
}
