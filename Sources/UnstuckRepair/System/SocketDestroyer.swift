import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Resets one socket through SOCK_DESTROY (`ss -K`), named by its tuple and its cookie, so that no other socket can be
/// meant. Needs CAP_NET_ADMIN in the socket's namespace and `CONFIG_INET_DIAG_DESTROY`.
enum SocketDestroyer {
    /// A socket within reach: what SOCK_DESTROY needs to mean it and no other.
    struct Target {
        var tuple: FourTuple
        /// `SO_COOKIE`, never 0.
        var cookie: UInt64
        /// The namespace's file.
        var namespace: String
    }

    /// Names one end of a connection. Where the look got no cookie (5.10), the kernel's socket table gives it, for the
    /// socket that has this tuple and the inode that was judged.
    ///
    /// - Throws: `SystemError`; ENOENT: no such socket any more.
    static func name(_ end: Plan.Reset.End, namespace path: String) throws -> Target {
        var target = Target(tuple: end.tuple, cookie: end.socket.cookie, namespace: path)
        guard target.cookie == 0 else { return target }
        let answer = try ask(.describe, target, cookie: UInt64.max)  // INET_DIAG_NOCOOKIE
        let header = MemoryLayout<nlmsghdr>.size
        guard answer.count >= header + MemoryLayout<inet_diag_msg>.size else {
            throw SystemError("SOCK_DIAG_BY_FAMILY", "\(end.tuple)", errno: EPROTO)
        }
        // The length was just checked, and any bit pattern is a valid inet_diag_msg.
        let found = unsafe answer.withUnsafeBytes {
            unsafe $0.loadUnaligned(fromByteOffset: header, as: inet_diag_msg.self)
        }
        guard end.inode != 0, UInt64(found.idiag_inode) == end.inode else {
            throw SystemError("SOCK_DIAG_BY_FAMILY", "the judged socket of \(end.tuple)", errno: ENOENT)
        }
        target.cookie = UInt64(found.id.idiag_cookie.0) | UInt64(found.id.idiag_cookie.1) << 32
        return target
    }

    /// - Throws: `SystemError`; ENOENT: the socket is gone.
    static func destroy(_ target: Target) throws { _ = try ask(.destroy, target, cookie: target.cookie) }

    /// include/uapi/linux/sock_diag.h; destroy since Linux 4.5.
    private enum Kind: UInt16 {
        case describe = 20
        case destroy = 21
        var name: String { self == .describe ? "SOCK_DIAG_BY_FAMILY" : "SOCK_DESTROY" }
        /// Asked for one socket, the kernel answers with it; told to destroy it, only if asked to.
        var flags: Int32 { self == .describe ? NLM_F_REQUEST : NLM_F_REQUEST | NLM_F_ACK }
    }

    /// - Returns: the kernel's answer, one whole message that is no error.
    private static func ask(_ kind: Kind, _ target: Target, cookie: UInt64) throws -> [UInt8] {
        let message = request(kind, target, cookie)
        let what = "\(target.tuple)"
        return try NamespaceThread.run(in: target.namespace) {
            let channel = OwnedDescriptor(
                owning: try syscall("socket", on: "NETLINK_SOCK_DIAG") {
                    socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), NETLINK_SOCK_DIAG)
                })
            try channel.writeAll(message)
            var answer = [UInt8](repeating: 0, count: 4096)
            let count = try syscall("recv", on: "NETLINK_SOCK_DIAG") {
                unsafe answer.withUnsafeMutableBytes { unsafe recv(channel.raw, $0.baseAddress, $0.count, 0) }
            }
            // struct nlmsghdr (16 bytes): length, type; of an error then struct nlmsgerr: a negative errno, or 0.
            guard count >= 20 else { throw SystemError(kind.name, what, errno: EPROTO) }
            if answer[4] == UInt8(NLMSG_ERROR), answer[5] == 0 {
                let code = (0..<4).reduce(UInt32(0)) { $0 | UInt32(answer[16 + $1]) << (8 * UInt32($1)) }
                let error = -Int32(bitPattern: code)
                guard error == 0 else { throw SystemError(kind.name, what, errno: error) }
            }
            return Array(answer.prefix(count))
        }
    }

    /// `struct nlmsghdr` and `struct inet_diag_req_v2`, byte by byte.
    private static func request(_ kind: Kind, _ target: Target, _ cookie: UInt64) -> [UInt8] {
        var diag = inet_diag_req_v2()
        let isV4 = target.tuple.local.address.isV4
        diag.sdiag_family = UInt8(isV4 ? AF_INET : AF_INET6)
        diag.sdiag_protocol = UInt8(IPPROTO_TCP)
        diag.idiag_states = UInt32.max
        diag.id.idiag_sport = target.tuple.local.port.bigEndian
        diag.id.idiag_dport = target.tuple.remote.port.bigEndian
        unsafe withUnsafeMutableBytes(of: &diag.id.idiag_src) {
            unsafe $0.copyBytes(from: target.tuple.local.address.bytes)
        }
        unsafe withUnsafeMutableBytes(of: &diag.id.idiag_dst) {
            unsafe $0.copyBytes(from: target.tuple.remote.address.bytes)
        }
        diag.id.idiag_cookie.0 = UInt32(truncatingIfNeeded: cookie)
        diag.id.idiag_cookie.1 = UInt32(truncatingIfNeeded: cookie >> 32)
        var header = nlmsghdr()
        header.nlmsg_len = UInt32(MemoryLayout<nlmsghdr>.size + MemoryLayout<inet_diag_req_v2>.size)
        header.nlmsg_type = kind.rawValue
        header.nlmsg_flags = UInt16(kind.flags)
        return unsafe withUnsafeBytes(of: header) { unsafe Array($0) } + withUnsafeBytes(of: diag) { unsafe Array($0) }
    }
}
