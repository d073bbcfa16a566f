import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Resets one socket through SOCK_DESTROY (`ss -K`), named by its tuple and its cookie, so that no other socket can be
/// meant. Needs CAP_NET_ADMIN in the socket's namespace and `CONFIG_INET_DIAG_DESTROY`.
enum SocketDestroyer {
    /// SOCK_DESTROY, include/uapi/linux/sock_diag.h (Linux 4.5).
    private static let destroy: UInt16 = 21

    /// - Throws: `SystemError`; ENOENT: the socket is gone.
    static func destroy(_ end: Plan.Reset.End, namespace path: String) throws {
        guard end.socket.cookie != 0 else {
            throw SystemError("SOCK_DESTROY", "\(end.tuple), whose cookie is not known", errno: EINVAL)
        }
        let message = request(end)
        try NamespaceThread.run(in: path) {
            let channel = OwnedDescriptor(
                owning: try syscall("socket", on: "NETLINK_SOCK_DIAG") {
                    socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), NETLINK_SOCK_DIAG)
                })
            try channel.writeAll(message)
            var answer = [UInt8](repeating: 0, count: 4096)
            let count = try syscall("recv", on: "NETLINK_SOCK_DIAG") {
                unsafe answer.withUnsafeMutableBytes { unsafe recv(channel.raw, $0.baseAddress, $0.count, 0) }
            }
            // struct nlmsghdr (16 bytes), then struct nlmsgerr: a negative errno, or 0.
            guard count >= 20 else { throw SystemError("SOCK_DESTROY", "\(end.tuple)", errno: EPROTO) }
            let code = (0..<4).reduce(UInt32(0)) { $0 | UInt32(answer[16 + $1]) << (8 * UInt32($1)) }
            let error = -Int32(bitPattern: UInt32(littleEndian: code))
            guard error == 0 else { throw SystemError("SOCK_DESTROY", "\(end.tuple)", errno: error) }
        }
    }

    /// `struct nlmsghdr` and `struct inet_diag_req_v2`, byte by byte.
    private static func request(_ end: Plan.Reset.End) -> [UInt8] {
        var diag = inet_diag_req_v2()
        let isV4 = end.tuple.local.address.isV4
        diag.sdiag_family = UInt8(isV4 ? AF_INET : AF_INET6)
        diag.sdiag_protocol = UInt8(IPPROTO_TCP)
        diag.idiag_states = UInt32.max
        diag.id.idiag_sport = end.tuple.local.port.bigEndian
        diag.id.idiag_dport = end.tuple.remote.port.bigEndian
        unsafe withUnsafeMutableBytes(of: &diag.id.idiag_src) {
            unsafe $0.copyBytes(from: end.tuple.local.address.bytes)
        }
        unsafe withUnsafeMutableBytes(of: &diag.id.idiag_dst) {
            unsafe $0.copyBytes(from: end.tuple.remote.address.bytes)
        }
        diag.id.idiag_cookie.0 = UInt32(truncatingIfNeeded: end.socket.cookie)
        diag.id.idiag_cookie.1 = UInt32(truncatingIfNeeded: end.socket.cookie >> 32)
        var header = nlmsghdr()
        header.nlmsg_len = UInt32(MemoryLayout<nlmsghdr>.size + MemoryLayout<inet_diag_req_v2>.size)
        header.nlmsg_type = destroy
        header.nlmsg_flags = UInt16(NLM_F_REQUEST | NLM_F_ACK)
        return unsafe withUnsafeBytes(of: header) { unsafe Array($0) } + withUnsafeBytes(of: diag) { unsafe Array($0) }
    }
}
