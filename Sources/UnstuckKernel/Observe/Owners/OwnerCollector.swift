import Glibc
import UnstuckModel

/// The processes that hold sockets, and by which descriptors.
struct OwnerCollector: Collector {
    let brings = Evidence.owners
    let root: NodeRoot
    /// Saw who held which socket when the sockets were read.
    let lastPass: SocketObserver?

    func collect(_ subjects: Set<EvidenceRequest.Subject>, into snapshot: inout Snapshot) {
        let wanted = sockets(subjects.sockets.subtracting(snapshot.owners.map(\.inode)).subtracting([0]), in: snapshot)
        guard !wanted.isEmpty else { return }
        let found = owners(of: wanted, in: snapshot.cgroups)
        snapshot.owners += found
        // Sockets in flight have no owner; where nothing is missing, one that was not found is such a socket, or has gone.
        let missing = MissingPrivilege.missingForProcesses
        if Set(found.map(\.inode)).count < Set(wanted.map(\.inode)).count, !missing.isEmpty {
            snapshot.add([
                MissingEvidence(
                    brings, action: "find the processes that hold sockets", .needs(missing.joined(separator: ", ")))
            ])
        }
    }

    /// Sockets, and sockets behind entries, with these inodes: each once.
    private func sockets(_ inodes: Set<UInt64>, in snapshot: Snapshot) -> [KernelSocket] {
        var left = inodes
        var found: [KernelSocket] = []
        func consider(_ socket: KernelSocket) { if left.remove(socket.inode) != nil { found.append(socket) } }
        for map in snapshot.sockmaps where !left.isEmpty { for entry in map.entries { consider(entry.socket) } }
        if !left.isEmpty { for socket in snapshot.sockets { consider(socket.socket) } }
        return found
    }

    /// By the pass that read the sockets, where it names processes as we do; what it did not see is looked for in /proc.
    private func owners(of wanted: [KernelSocket], in cgroups: [Cgroup]) -> [SocketOwner] {
        var found: [SocketOwner] = []
        if Self.namesProcessesAlike, let lastPass {
            found = lastPass.owners(of: Set(wanted.map(\.inode)))
        }
        let known = Set(found.map(\.inode))
        let missing = wanted.filter { !known.contains($0.inode) }
        return missing.isEmpty ? found : found + OwnerFinder(root: root).owners(of: missing, in: cgroups)
    }

    /// Whether processes have the same numbers here as in iter/task_file: ours is the initial PID namespace.
    static var namesProcessesAlike: Bool { inodeNumber("/proc/self/ns/pid") == initialPIDNamespace }

    /// `PROC_PID_INIT_INO` (include/linux/proc_ns.h).
    private static let initialPIDNamespace: UInt64 = 0xEFFF_FFFC
}
