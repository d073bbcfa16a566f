import CLinuxUAPI
import Glibc
import UnstuckModel

/// Finds network namespaces that no process is in and no name leads to, through the sockets in them that processes hold:
/// whoever opens a socket and then enters another namespace leaves such a one behind.
struct HiddenNamespaces {
    let root: NodeRoot

    /// A namespace, and a descriptor that opens it.
    struct Found: ~Copyable {
        let inode: UInt32
        let process: Int32
        let descriptor: OwnedDescriptor
    }

    /// What could not be looked into, by what is missing for it.
    private(set) var missing: [String: Int] = [:]

    init(root: NodeRoot) { self.root = root }

    /// Calls `body` with each namespace once.
    ///
    /// - Parameters:
    ///   - sockets: inodes of sockets whose namespaces are known.
    ///   - namespaces: inodes of the namespaces that are known.
    mutating func find(
        notOf sockets: Set<UInt64>, notAmong namespaces: Set<UInt32>, _ body: (borrowing Found) -> Void
    ) {
        var known = namespaces
        for process in processIDs(root) {
            let folder = "\(root.procfs)/\(process)/fd"
            errno = 0
            let names = directoryNames(folder)
            if names.isEmpty, errno == EACCES || errno == EPERM { missing["CAP_SYS_PTRACE", default: 0] += 1 }
            for name in names {
                let path = "\(folder)/\(name)"
                guard let target = linkTarget(path) else {
                    if errno == EACCES || errno == EPERM { missing["CAP_SYS_PTRACE", default: 0] += 1 }
                    continue
                }
                guard target.hasPrefix("socket:["), let inode = UInt64(target.dropFirst(8).dropLast()),
                    !sockets.contains(inode), let descriptor = Int32(name), unsafe linux_is_tcp_socket(path) == 1,
                    let namespace = namespace(of: descriptor, process, inode)
                else { continue }
                guard let found = inodeNumber("/proc/self/fd/\(namespace.raw)").map(UInt32.init(truncatingIfNeeded:)),
                    known.insert(found).inserted
                else { continue }
                body(Found(inode: found, process: process, descriptor: namespace))
            }
        }
    }

    /// The namespace of a socket that another process holds; `nil` if it was closed meanwhile, or out of reach, which is
    /// counted.
    private mutating func namespace(of descriptor: Int32, _ process: Int32, _ inode: UInt64) -> OwnedDescriptor? {
        let handle = linux_pidfd_open(process)
        guard handle >= 0 else { return refuse("the host's PID namespace", unless: process) }
        let owner = OwnedDescriptor(owning: handle)
        let raw = linux_pidfd_getfd(owner.raw, descriptor)
        guard raw >= 0 else {
            guard errno == EPERM || errno == EACCES else { return nil }  // closed, or the process has ended
            return refuse("CAP_SYS_PTRACE", unless: nil)
        }
        let socket = OwnedDescriptor(owning: raw)
        var status = stat()
        guard unsafe fstat(socket.raw, &status) == 0, UInt64(status.st_ino) == inode else {
            return refuse("the host's PID namespace", unless: process)
        }
        let namespace = linux_socket_namespace(socket.raw)
        guard namespace >= 0 else { return refuse("CAP_NET_ADMIN", unless: nil) }
        return OwnedDescriptor(owning: namespace)
    }

    /// - Parameter process: nothing is missing if this one has ended.
    private mutating func refuse(_ what: String, unless process: Int32?) -> OwnedDescriptor? {
        if let process, linkTarget("\(root.procfs)/\(process)/exe") == nil { return nil }
        missing[what, default: 0] += 1
        return nil
    }
}
