import CLinuxUAPI
import Glibc
import UnstuckFormats
import UnstuckModel

/// Finds network namespaces that no process is in and no name leads to: those of threads, of descriptors, of mounts, and of
/// sockets that outlived them. A process that opens a socket and then enters another namespace leaves such a one behind.
///
/// What it saw, and what it could not look into, is in ``evidence``.
struct NamespaceSurvey {
    let root: NodeRoot

    /// A namespace, and a descriptor that opens it.
    struct Found: ~Copyable {
        let inode: UInt32
        let process: Int32
        let descriptor: OwnedDescriptor
    }

    private(set) var evidence = NamespaceEvidence()
    /// What could not be looked into and may hold a namespace that was not read, by what is missing for it.
    private(set) var missing: [String: Int] = [:]

    /// Namespaces that were handed out, or need not be.
    private var known: Set<UInt32> = []
    /// Mount namespaces whose mounts were read, and those that only a descriptor or a mount was seen of.
    private var mountsRead: Set<UInt64> = []
    private var mountsSeen: Set<UInt64> = []
    private var closed: [Int32] = []
    private let hasOurNumbers: Bool

    init(root: NodeRoot) {
        self.root = root
        let view = ProcessView(root: root)
        evidence.view = view.view()
        evidence.access = Self.access
        evidence.hiding = view.hidingOptions()
        hasOurNumbers = view.hasOurNumbers
    }

    /// Calls `body` with each namespace once.
    ///
    /// - Parameters:
    ///   - sockets: inodes of sockets whose namespaces are known.
    ///   - namespaces: inodes of the namespaces that are known.
    mutating func find(
        notOf sockets: Set<UInt64>, notAmong namespaces: Set<UInt32>, _ body: (borrowing Found) -> Void
    ) {
        known = namespaces
        let tables = FileTables(root: root, comparesNumbers: hasOurNumbers)
        for process in processIDs(root) {
            let threads = directoryNames("\(root.procfs)/\(process)/task").compactMap { Int32($0) }.sorted()
            for thread in threads { visit(thread, of: process, body) }
            var isClosed = false
            for table in tables.tables(of: process, threads: threads, refused: { isClosed = true }) {
                isClosed = !visit(table, notOf: sockets, body) || isClosed
            }
            if isClosed {
                closed.append(process)
                evidence.noteClosed(.process, missing: Self.access)
            }
        }
        for inode in mountsSeen.subtracting(mountsRead).sorted() {
            evidence.noteClosed(.mountNamespace, missing: "that mount namespace \(inode), in which no process is, ends")
        }
        // A process that we may not look into is at home in a namespace that was read, or it is not.
        let homes = closed.isEmpty ? [] : homes(among: namespaces)
        for process in closed where home(of: process).map({ !homes.contains($0) }) ?? false {
            missing[Self.access, default: 0] += 1
        }
    }

    // MARK: Threads and mounts

    /// The namespaces that a thread is in: its network's, and what is mounted in its mounts'.
    private mutating func visit(_ thread: Int32, of process: Int32, _ body: (borrowing Found) -> Void) {
        let folder = "\(root.procfs)/\(process)/task/\(thread)"
        errno = 0
        guard let link = linkTarget("\(folder)/ns/net") else {
            if errno == EACCES || errno == EPERM { evidence.noteClosed(.thread, missing: Self.access) }
            return
        }
        if let inode = NamespaceLink.inode(of: link, kind: "net").map(UInt32.init(truncatingIfNeeded:)) {
            found(inode, thread == process ? .process : .thread, at: "\(folder)/ns/net", process, body)
        }
        guard let mounts = linkTarget("\(folder)/ns/mnt").flatMap({ NamespaceLink.inode(of: $0, kind: "mnt") }),
            !mountsRead.contains(mounts), let table = readText("\(folder)/mountinfo")
        else { return }
        mountsRead.insert(mounts)
        for line in MountLine.all(in: table) where line.type == "nsfs" {
            if let inode = NamespaceLink.inode(of: line.root, kind: "net").map(UInt32.init(truncatingIfNeeded:)) {
                found(inode, .mount, at: "\(folder)/root\(line.mountPoint)", process, body)
            } else if let inode = NamespaceLink.inode(of: line.root, kind: "mnt") {
                mountsSeen.insert(inode)
            }
        }
    }

    /// Hands a namespace out, unless it is known.
    private mutating func found(
        _ inode: UInt32, _ source: NamespaceEvidence.Source, at path: String, _ process: Int32,
        _ body: (borrowing Found) -> Void
    ) {
        evidence.note(inode, source)
        guard !known.contains(inode), let descriptor = try? OwnedDescriptor(path: path),
            inodeNumber("/proc/self/fd/\(descriptor.raw)").map(UInt32.init(truncatingIfNeeded:)) == inode
        else { return }  // it is noted as known, and so missed if it is not read
        known.insert(inode)
        body(Found(inode: inode, process: process, descriptor: descriptor))
    }

    // MARK: Descriptors

    /// - Returns: whether its descriptors could be looked at.
    private mutating func visit(
        _ table: FileTables.Table, notOf sockets: Set<UInt64>, _ body: (borrowing Found) -> Void
    ) -> Bool {
        var handle: ProcessHandle?
        for name in table.descriptors {
            let path = "\(table.folder)/fd/\(name)"
            errno = 0
            guard let target = linkTarget(path), let descriptor = Int32(name) else {
                guard errno == EACCES || errno == EPERM else { continue }
                return false
            }
            if target.hasPrefix("socket:["), let inode = UInt64(target.dropFirst(8).dropLast()) {
                guard !sockets.contains(inode) else { continue }
                if handle == nil { handle = ProcessHandle(table) }
                visit(socket: inode, descriptor, at: path, table, handle, body)
            } else if let inode = NamespaceLink.inode(of: target, kind: "net") {
                found(UInt32(truncatingIfNeeded: inode), .descriptor, at: path, table.process, body)
            } else if let inode = NamespaceLink.inode(of: target, kind: "mnt") {
                mountsSeen.insert(inode)
            } else if target == "anon_inode:[io_uring]" {
                let text = readText("\(table.folder)/fdinfo/\(name)")
                if text == nil || Self.number(after: "UserFiles:", in: text ?? "") != 0 { evidence.rings += 1 }
            }
        }
        return true
    }

    private mutating func visit(
        socket inode: UInt64, _ descriptor: Int32, at path: String, _ table: FileTables.Table,
        _ handle: ProcessHandle?, _ body: (borrowing Found) -> Void
    ) {
        guard let socket = duplicate(descriptor, inode, at: path, table, handle) else { return }
        if linux_socket_family(socket.raw) == AF_UNIX {
            // Descriptors that were sent and not yet received (3c32da19a858, "unix: Show number of pending scm files of
            // receive queue in fdinfo", in v5.6).
            let text = readText("/proc/self/fdinfo/\(socket.raw)") ?? ""
            evidence.inFlight += Self.number(after: "scm_fds:", in: text) ?? 1
        }
        let raw = linux_socket_namespace(socket.raw)
        guard raw >= 0 else { return refuse("CAP_NET_ADMIN", path, inode) }
        let namespace = OwnedDescriptor(owning: raw)
        guard let found = inodeNumber("/proc/self/fd/\(raw)").map(UInt32.init(truncatingIfNeeded:)) else { return }
        evidence.note(found, .socket)
        if known.insert(found).inserted {
            body(Found(inode: found, process: table.process, descriptor: namespace))
        }
    }

    private static func number(after label: String, in text: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(label) }) else { return nil }
        return Int(line.dropFirst(label.count).filter { $0.isWholeNumber })
    }

    /// A process, or a thread with a file table of its own, to take descriptors from.
    private final class ProcessHandle {
        let pidfd: OwnedDescriptor

        init?(_ table: FileTables.Table) {
            let raw = table.isThreads ? linux_pidfd_open_thread(table.thread) : linux_pidfd_open(table.process)
            guard raw >= 0 else { return nil }
            pidfd = OwnedDescriptor(owning: raw)
        }
    }

    /// A socket that another process holds; `nil` if it was closed meanwhile, or is out of reach, which is counted.
    private mutating func duplicate(
        _ descriptor: Int32, _ inode: UInt64, at path: String, _ table: FileTables.Table, _ handle: ProcessHandle?
    ) -> OwnedDescriptor? {
        guard let handle else {
            refuse(
                hasOurNumbers && table.isThreads ? "Linux 6.9, for sockets of threads" : Self.hostNumbers, path, inode)
            return nil
        }
        let raw = linux_pidfd_getfd(handle.pidfd.raw, descriptor)
        guard raw >= 0 else {
            // Else it was closed, or the process has ended.
            if errno == EPERM || errno == EACCES { refuse(Self.access, path, inode) }
            return nil
        }
        let socket = OwnedDescriptor(owning: raw)
        var status = stat()
        guard unsafe fstat(socket.raw, &status) == 0, UInt64(status.st_ino) == inode else {
            refuse(Self.hostNumbers, path, inode)
            return nil
        }
        return socket
    }

    /// What it takes to look into another process.
    private static var access: String { MissingPrivilege.lookingIntoProcesses }

    private static let hostNumbers = "the host's PID namespace"

    /// Nothing is missing of a descriptor that was closed meanwhile, or is another one now.
    private mutating func refuse(_ what: String, _ path: String, _ inode: UInt64) {
        guard linkTarget(path) == "socket:[\(inode)]" else { return }
        evidence.noteClosed(.socket, missing: what)
        if unsafe linux_is_tcp_socket(path) == 1 { missing[what, default: 0] += 1 }
    }

    // MARK: Processes that may not be looked into

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
}
