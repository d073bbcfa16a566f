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
    /// socket that has this tuple and the inode that was checked.
    ///
    /// - Throws: `SystemError`; ENOENT: no such socket any more.
    static func name(_ end: Plan.Reset.End, namespace path: String) throws -> Target {
        var target = Target(tuple: end.tuple, cookie: end.socket.cookie, namespace: path)
        guard target.cookie == 0 else { return target }
        guard let found = try SockDiag(inNamespace: path).socket(of: end.tuple), end.inode != 0,
            UInt64(found.inode) == end.inode
        else { throw SystemError("SOCK_DIAG_BY_FAMILY", "the evaluated socket of \(end.tuple)", errno: ENOENT) }
        target.cookie = found.cookie
        return target
    }

    /// - Throws: `SystemError`; ENOENT: the socket is gone.
    static func destroy(_ target: Target) throws {
        try SockDiag(inNamespace: target.namespace).destroy(target.tuple, cookie: target.cookie)
    }
}
