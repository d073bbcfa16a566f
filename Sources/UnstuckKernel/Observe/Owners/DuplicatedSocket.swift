import CLinuxUAPI
import Glibc
import UnstuckModel

/// A duplicate of another process's socket descriptor. While it lives the socket cannot be closed, so the kernel
/// cannot free its key under us.
public struct DuplicatedSocket: ~Copyable {
    private let descriptor: OwnedDescriptor

    /// The duplicate's number, in this process.
    public var raw: Int32 { descriptor.raw }

    /// Why a descriptor could not be held.
    public struct Failure: Error {
        public var reason: String
    }

    /// Takes `owner`'s descriptor and makes sure that it is the socket that was checked.
    ///
    /// - Parameter root: where procfs is, to tell a reused process id from the same process.
    public init(_ owner: SocketOwner, expecting identity: SocketIdentity, root: NodeRoot) throws(Failure) {
        descriptor = try Self.duplicate(owner, expecting: identity, root: root)
    }

    private static func duplicate(
        _ owner: SocketOwner, expecting identity: SocketIdentity, root: NodeRoot
    ) throws(Failure) -> OwnedDescriptor {
        let process = linux_pidfd_open(owner.pid)
        // Another process under the same id, or another PID namespace behind --root, has another start time.
        let status = readText("\(root.procfs)/\(owner.pid)/stat").flatMap { ProcessStatus($0) }
        guard process >= 0 else {
            throw Failure(
                reason: status?.startTime == owner.startTime
                    ? "its process \(owner.pid) is not of this PID namespace: run repair in the host's"
                    : "its process \(owner.pid) is gone")
        }
        let handle = OwnedDescriptor(owning: process)
        guard status?.startTime == owner.startTime else {
            throw Failure(reason: "process \(owner.pid) is another one now")
        }
        let socket = linux_pidfd_getfd(handle.raw, owner.descriptor)
        guard socket >= 0 else {
            let error = errno
            let missing =
                error != EPERM
                ? unsafe String(cString: strerror(error))
                : Capability.sysPtrace.isPresent
                    ? "CAP_SYS_PTRACE is present, and a security module or a user namespace refuses" : "CAP_SYS_PTRACE"
            throw Failure(reason: "its descriptor could not be duplicated (\(missing))")
        }
        let descriptor = OwnedDescriptor(owning: socket)
        var cookie: UInt64 = 0
        guard unsafe linux_socket_cookie(socket, &cookie) == 0 else {
            throw Failure(reason: "descriptor \(owner.descriptor) is no socket any more")
        }
        if identity.cookie != 0 {
            guard cookie == identity.cookie else {
                throw Failure(reason: "descriptor \(owner.descriptor) is another socket now")
            }
        } else {
            // No cookie in tracing (5.10): the inode tells, and while we hold the descriptor it keeps its inode.
            var status = stat()
            guard unsafe fstat(socket, &status) == 0, UInt64(status.st_ino) == owner.inode else {
                throw Failure(reason: "descriptor \(owner.descriptor) is another socket now")
            }
        }
        return descriptor
    }
}
