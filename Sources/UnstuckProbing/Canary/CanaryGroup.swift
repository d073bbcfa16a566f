import Glibc
import UnstuckKernel

/// A control group of the canary's own. Anyone who makes it leaves and removes it; one that a killed canary left goes with the
/// next one.
struct CanaryGroup {
    private static let prefix = "unstuck-canary-"
    let directory: String
    private let origin: String

    /// Makes the group and moves the calling process into it.
    init(root: NodeRoot) throws {
        let mount = try root.directory(ofCgroup: "/")
        Self.removeLeft(root: root)
        let own = (readText("/proc/self/cgroup") ?? "").split(separator: "\n").first { $0.hasPrefix("0::") }
        origin = mount + (own.map { String($0.dropFirst(3)) } ?? "/")
        directory = "\(mount)/\(Self.prefix)\(getpid())"
        let path = directory
        try syscall("mkdir", on: path) { unsafe mkdir(path, 0o755) }
        do { try Self.join(directory) } catch {
            unsafe _ = rmdir(directory)
            throw error
        }
    }

    /// Removes the groups of canaries that were killed.
    static func removeLeft(root: NodeRoot) {
        guard let mount = try? root.directory(ofCgroup: "/") else { return }
        for name in directoryNames(mount) where name.hasPrefix(prefix) {
            if let pid = Int32(name.dropFirst(prefix.count)), kill(pid, 0) != 0, errno == ESRCH {
                unsafe _ = rmdir("\(mount)/\(name)")
            }
        }
    }

    private static func join(_ directory: String) throws {
        let file = try OwnedDescriptor(path: "\(directory)/cgroup.procs", flags: O_WRONLY)
        try file.writeAll(Array("0".utf8))
    }

    /// Goes back to where the process was, and removes the group.
    func leave() throws {
        try Self.join(origin)
        let path = directory
        // The sockets that were made in it let go of it a moment after they are closed.
        for _ in 0..<50 where unsafe rmdir(path) != 0 && errno == EBUSY { usleep(10_000) }
        guard unsafe access(path, F_OK) != 0 else { throw SystemError("rmdir", path, errno: EBUSY) }
    }
}
