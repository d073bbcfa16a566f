import UnstuckKernel

/// A process's sockets through procfs: enough to tell a socket that is still a connection from one that is only held.
struct ProcessSockets {
    let pid: Int32

    /// The inode behind a descriptor, if it is a socket.
    func inode(of descriptor: Int32) -> UInt64? {
        guard let target = linkTarget("/proc/\(pid)/fd/\(descriptor)"), target.hasPrefix("socket:[") else { return nil }
        return UInt64(target.dropFirst("socket:[".count).dropLast())
    }

    /// Inodes of the TCP sockets in its network namespace that the kernel still has in its tables. A socket in CLOSE
    /// is in none of them.
    func hashedInodes() -> Set<UInt64> {
        var result = Set<UInt64>()
        for file in ["tcp", "tcp6"] {
            for line in (readText("/proc/\(pid)/net/\(file)") ?? "").split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                if fields.count > 9, let inode = UInt64(fields[9]) { result.insert(inode) }
            }
        }
        return result
    }
}
