import CLinuxUAPI
import CNetlinkUAPI
import Glibc
import UnstuckFormats

/// A netlink socket. It belongs to the network namespace of the thread that opens it, and can be used from any.
public struct NetlinkChannel: ~Copyable {
    private let descriptor: OwnedDescriptor
    private let name: String
    private var sequence: UInt32 = 0
    /// The kernel fills what a reader offers, up to 32 KiB (`netlink_dump`, net/netlink/af_netlink.c).
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    /// - Parameters:
    ///   - family: `NETLINK_SOCK_DIAG`, …
    ///   - name: of the family, for errors.
    public init(family: Int32, name: String) throws(SystemError) {
        self.name = name
        descriptor = try Self.open(family, name)
    }

    private static func open(_ family: Int32, _ name: String) throws(SystemError) -> OwnedDescriptor {
        let descriptor = OwnedDescriptor(
            owning: try syscall("socket", on: name) {
                socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), family)
            }, named: name)
        // The kernel answers at once; should it ever not, nobody hangs.
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        let raw = descriptor.raw
        try syscall("setsockopt", on: name) {
            unsafe setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        return descriptor
    }

    /// Sends a request and reads its answer up to the end of it: a dump's end, an acknowledgement, or one message.
    ///
    /// - Parameters:
    ///   - make: the request, with the sequence number to use.
    ///   - body: called with each message of data, and the datagram it lies in.
    /// - Returns: whether the kernel said of any part that it changed meanwhile (`NLM_F_DUMP_INTR`).
    /// - Throws: `SystemError` with the kernel's refusal, `NetlinkError`, and what `body` throws.
    @discardableResult
    public mutating func ask(
        _ call: String, on object: @autoclosure () -> String, needs: [Capability] = [], isDump: Bool,
        _ make: (UInt32) -> [UInt8],
        _ body: (NetlinkMessage, RawSpan) throws -> Void
    ) throws -> Bool {
        sequence &+= 1
        try descriptor.writeAll(make(sequence))
        var isInterrupted = false
        while true {
            let count = try receive()
            let bytes = unsafe buffer.span.extracting(..<count).bytes
            for message in try NetlinkMessage.decode(bytes) where message.sequence == sequence {
                if message.isInterrupted { isInterrupted = true }
                switch message.kind {
                case .noop: continue
                case .overrun: throw SystemError(call, object(), errno: ENOBUFS)
                case .error(let code), .done(let code):
                    guard code == 0 else { throw SystemError(call, object(), errno: code, needs: needs) }
                    return isInterrupted
                case .data:
                    try body(message, bytes)
                    if !isDump { return isInterrupted }
                }
            }
        }
    }

    /// One datagram of the kernel's, whole.
    private mutating func receive() throws(SystemError) -> Int {
        let raw = descriptor.raw
        while true {
            var sender = sockaddr_nl()
            var size = socklen_t(MemoryLayout<sockaddr_nl>.size)
            let count = try syscall("recv", on: name) {
                unsafe buffer.withUnsafeMutableBytes { buffer in
                    unsafe withUnsafeMutableBytes(of: &sender) { sender in
                        unsafe recvfrom(
                            raw, buffer.baseAddress, buffer.count, Int32(MSG_TRUNC),
                            sender.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
                    }
                }
            }
            // With MSG_TRUNC the length is the datagram's own.
            guard count <= buffer.count else { throw SystemError("recv", name, errno: EMSGSIZE) }
            if sender.nl_pid == 0 { return count }
        }
    }
}
