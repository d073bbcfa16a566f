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
        var closed: [Int32] = []
        for process in processIDs(root) {
            let folder = "\(root.procfs)/\(process)/fd"
            errno = 0
            let names = directoryNames(folder)
            if names.isEmpty, errno == EACCES || errno == EPERM { closed.append(process) }
            for name in names {
                let path = "\(folder)/\(name)"
                guard let target = linkTarget(path) else {
                    guard errno == EACCES || errno == EPERM else { continue }
                    closed.append(process)
                    break
                }
                guard target.hasPrefix("socket:["), let inode = UInt64(target.dropFirst(8).dropLast()),
                    !sockets.contains(inode), let descriptor = Int32(name), unsafe linux_is_tcp_socket(path) == 1,
                    let namespace = namespace(of: descriptor, process, inode, path)
                else { continue }
                guard let found = inodeNumber("/proc/self/fd/\(namespace.raw)").map(UInt32.init(truncatingIfNeeded:)),
                    known.insert(found).inserted
                else { continue }
                body(Found(inode: found, process: process, descriptor: namespace))
            }
        }
        // A process that we may not look into is at home in a namespace that was read, or it is not.
        let homes = closed.isEmpty ? [] : homes(among: namespaces)
        for process in closed where home(of: process).map({ !homes.contains($0) }) ?? false {
            missing["CAP_SYS_PTRACE", default: 0] += 1
        }
    }

    /// Tells a process's own namespace without the right to look into the process: each namespace has its own
    /// `/proc/PID/net`, whose files have inodes of their own (`proc_tgid_net_lookup`, fs/proc/proc_net.c).
    private func home(of process: Int32) -> UInt64? { inodeNumber("\(root.procfs)/\(process)/net/tcp") }

    private func homes(among namespaces: Set<UInt32>) -> Set<UInt64> {
        var representatives: [UInt32: Int32] = [:]
        for process in processIDs(root) {
            let link = linkTarget("\(root.procfs)/\(process)/ns/net")
            guard let inode = link.flatMap(NamespaceFinder.inode(ofLink:)), namespaces.contains(inode) else { continue }
            representatives[inode] = process
        }
        return Set(representatives.values.compactMap(home))
    }

    /// The namespace of a socket that another process holds; `nil` if it was closed meanwhile, or out of reach, which is
    /// counted.
    private mutating func namespace(
        of descriptor: Int32, _ process: Int32, _ inode: UInt64, _ path: String
    ) -> OwnedDescriptor? {
        func isStill() -> Bool { linkTarget(path) == "socket:[\(inode)]" }
        let handle = linux_pidfd_open(process)
        guard handle >= 0 else { return refuse("the host's PID namespace", if: isStill()) }
        let owner = OwnedDescriptor(owning: handle)
        let raw = linux_pidfd_getfd(owner.raw, descriptor)
        guard raw >= 0 else {
            guard errno == EPERM || errno == EACCES else { return nil }  // closed, or the process has ended
            return refuse("CAP_SYS_PTRACE", if: isStill())
        }
        let socket = OwnedDescriptor(owning: raw)
        var status = stat()
        guard unsafe fstat(socket.raw, &status) == 0, UInt64(status.st_ino) == inode else {
            return refuse("the host's PID namespace", if: isStill())
        }
        let namespace = linux_socket_namespace(socket.raw)
        guard namespace >= 0 else { return refuse("CAP_NET_ADMIN", if: isStill()) }
        return OwnedDescriptor(owning: namespace)
    }

    /// Nothing is missing of a descriptor that was closed meanwhile, or is another one now.
    private mutating func refuse(_ what: String, if isStillThere: Bool) -> OwnedDescriptor? {
        if isStillThere { missing[what, default: 0] += 1 }
        return nil
    }
}
