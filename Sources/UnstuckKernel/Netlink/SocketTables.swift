import Glibc
import UnstuckModel

/// The TCP tables of every network namespace of the node, over one netlink socket in each. While this lives, no namespace
/// that was found can go away.
public final class SocketTables {
    private let root: NodeRoot
    private var open: [UInt32: Open] = [:]
    /// What could not be entered or read, by namespace: what is missing for it.
    private var refused: [UInt32: MissingEvidence.Reason] = [:]
    private var notes: [MissingEvidence] = []
    /// How often the tables were read.
    public private(set) var reads = 0
    /// What the last reading knows of the node's namespaces: whether there is a socket in none of the tables that were read.
    public private(set) var evidence = NamespaceEvidence()
    private let kernelList = KernelNamespaceList()

    private struct Open {
        var namespace: NetworkNamespace
        var diag: SockDiag
    }

    private var withDetails = false

    public init(root: NodeRoot) { self.root = root }

    public typealias Reading = Snapshot.Reading

    /// `TCP_BOUND_INACTIVE`, which is no state of a socket (include/net/tcp_states.h).
    private static let boundInactive = TCPState(rawValue: 13)

    /// Times that the namespaces are looked for, until none comes or goes meanwhile.
    private static let rounds = 4

    /// Opens what can be opened now, so that reading takes less time.
    public func prepare() {
        var result = Reading()
        findNamespaces(&result)
    }

    /// Reads every table; what cannot be read is named.
    ///
    /// - Parameter withDetails: also the details of sockets, and TIME_WAIT.
    public func read(withDetails: Bool = false) -> Reading {
        var result = Reading()
        self.withDetails = withDetails
        reads += 1
        refused = [:]
        notes = []
        findNamespaces(&result)
        for (inode, entry) in open.sorted(by: { $0.key < $1.key }) { read(entry, inode, &result) }
        readHidden(&result)
        for (inode, reason) in refused.sorted(by: { $0.key < $1.key }) {
            result.missingEvidence.append(MissingEvidence(unreadSocketsOf: inode, reason))
        }
        result.missingEvidence += notes
        // A dump goes on at a place in a hash chain, which may have got longer meanwhile.
        var seen = Set<UInt64>()
        func isRepeated(_ socket: TCPSocket) -> Bool {
            socket.socket.identity.cookie != 0 && !seen.insert(socket.socket.identity.cookie).inserted
        }
        guard withDetails else {
            result.sockets.removeAll(where: isRepeated)
            return result
        }
        let once = zip(result.sockets, result.details).filter { !isRepeated($0.0) }
        result.sockets = once.map(\.0)
        result.details = once.map(\.1)
        return result
    }

    /// The sockets that have exactly that tuple, asked for by name in every namespace that is open.
    ///
    /// - Throws: `SystemError`, `NetlinkError`: it cannot be known.
    public func sockets(of tuple: FourTuple) throws -> [TCPSocket] {
        try open.compactMap { inode, entry in try entry.diag.socket(of: tuple)?.socket(netns: inode) }
    }

    /// Opens what there is. One that is there and cannot be opened was never missed by accident: it went away, or it is
    /// refused.
    private func findNamespaces(_ result: inout Reading) {
        let ours = linkTarget("/proc/thread-self/ns/net").flatMap(NamespaceFinder.inode(ofLink:))
        var failed: [UInt32: NetworkNamespace] = [:]
        var isSettled = false
        for _ in 1...Self.rounds where !isSettled {
            isSettled = true
            failed = [:]
            refused = [:]
            for found in NamespaceFinder(root: root).find() where open[found.namespace.inode] == nil {
                let inode = found.namespace.inode
                do {
                    // Our own needs no setns, and so no capability for one.
                    let diag = try SockDiag(inNamespace: inode == ours ? nil : found.path)
                    open[inode] = Open(namespace: found.namespace, diag: diag)
                    isSettled = false
                } catch let error as SystemError where error.errno == ENOENT || error.errno == ESRCH {
                    isSettled = false  // its process has ended: perhaps there is another way in
                } catch {
                    failed[inode] = found.namespace
                    refused[inode] = MissingPrivilege.reason(behind: error)
                }
            }
        }
        result.namespaces += failed.values.sorted { $0.inode < $1.inode }
        if !isSettled {
            notes.append(
                MissingEvidence(
                    .namespaces, action: "find every network namespace", .failed("they came and went meanwhile")))
        }
        if open.isEmpty, failed.isEmpty {
            notes.append(
                MissingEvidence(
                    .namespaces, action: "find any network namespace", .failed("no process is in \(root.procfs)")))
        }
    }

    private func read(_ entry: Open, _ inode: UInt32, _ result: inout Reading) {
        var namespace = entry.namespace
        do {
            let table = try entry.diag.table(withDetails: withDetails)
            // Linux 6.8 lists closed sockets, too, if they are bound to a port: those are dead all the same.
            let gone: [TCPState] = [withDetails ? .close : .timeWait, .close, Self.boundInactive]
            let sockets = table.sockets.filter { !gone.contains($0.state) }
            result.sockets += sockets.map { $0.socket(netns: inode) }
            if withDetails { result.details += sockets.map(\.details) }
            namespace.wasRead = !table.isInterrupted
            if table.isInterrupted {
                refused[inode] = .failed("its table changed whenever it was read")
            }
        } catch let error as SystemError where error.errno == ENOENT {
            refused[inode] = .needs("a kernel with tcp_diag")
        } catch {
            refused[inode] = MissingPrivilege.reason(behind: error)
        }
        result.namespaces.append(namespace)
    }

    /// Namespaces that no process is in.
    private func readHidden(_ result: inout Reading) {
        var hidden = NamespaceSurvey(root: root)
        var failures: [UInt32: MissingEvidence.Reason] = [:]
        var opened: [UInt32: Open] = [:]
        let known = Set(result.sockets.map(\.socket.inode))
        hidden.find(notOf: known, notAmong: Set(result.namespaces.map(\.inode))) { found in
            let namespace = NetworkNamespace(inode: found.inode, name: nil, process: found.process, wasRead: false)
            do {
                let diag = try SockDiag(inNamespace: "/proc/self/fd/\(found.descriptor.raw)")
                opened[found.inode] = Open(namespace: namespace, diag: diag)
            } catch {
                failures[found.inode] = MissingPrivilege.reason(behind: error)
            }
        }
        for (inode, entry) in opened.sorted(by: { $0.key < $1.key }) {
            open[inode] = entry
            read(entry, inode, &result)
        }
        refused.merge(failures) { first, _ in first }
        evidence = hidden.evidence
        evidence.kernelList = kernelList.inodes()
        for namespace in result.namespaces {
            evidence.note(namespace.inode, namespace.process == nil ? .name : .process)
            if namespace.wasRead { evidence.read.insert(namespace.inode) }
        }
        for (missing, count) in hidden.missing.sorted(by: { $0.key < $1.key }) {
            notes.append(
                MissingEvidence(
                    .namespaces,
                    action: "find in which network namespaces the sockets of \(count) "
                        + "process\(count == 1 ? "" : "es") or descriptor\(count == 1 ? "" : "s") live",
                    .needs(missing)))
        }
    }
}
