import Glibc
import UnstuckFormats

/// Where a node's files are read: `/`, or the folder where a debug container has the host mounted.
public struct NodeRoot: Sendable {
    /// Without a trailing slash; empty for `/`.
    public var prefix: String
    /// Overrides `<root>/var/log/pods`.
    public var podLogs: String?

    public init(prefix: String = "/", podLogs: String? = nil) {
        self.prefix = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        self.podLogs = podLogs
    }

    public func path(_ absolute: String) -> String { prefix + absolute }
    public var procfs: String { path("/proc") }
    public var podLogFolder: String { podLogs ?? path("/var/log/pods") }

    /// Mount points of a file system type, in the order of the mount table.
    func mounts(ofType type: String) -> [String] {
        let table = readText("\(procfs)/self/mounts") ?? readText("\(procfs)/1/mounts") ?? ""
        return table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count > 2 && fields[2] == type ? path(MountLine.unescape(fields[1])) : nil
        }
    }

    /// The directory of a cgroup v2, by its path below the mount.
    public func directory(ofCgroup path: String) throws(SystemError) -> String {
        for mount in mounts(ofType: "cgroup2") {
            let folder = path == "/" ? mount : mount + path
            if inodeNumber(folder) != nil { return folder }
        }
        throw SystemError("find", "cgroup v2 \(path)", errno: ENOENT)
    }
}
