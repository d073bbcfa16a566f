import UnstuckFormats
import UnstuckModel

/// Turns the cgroup v2 ids that sockets carry into paths and pods.
public struct CgroupFinder {
    let root: NodeRoot

    public init(root: NodeRoot) { self.root = root }

    /// The wanted cgroups that exist. A cgroup's id is its directory's inode number (kernfs).
    public func find(_ wanted: Set<UInt64>) -> [Cgroup] {
        var rest = wanted.subtracting([0])
        var result: [Cgroup] = []
        walk { path, directory in
            if let id = inodeNumber(directory), rest.remove(id) != nil {
                result.append(Cgroup(id: id, path: path, podUID: PodPath.uid(inCgroup: path)))
            }
            return !rest.isEmpty
        }
        return result.sorted { $0.path < $1.path }
    }

    /// Every cgroup: its path below the mount, and its directory.
    func forEach(_ body: (_ path: String, _ directory: String) -> Void) {
        walk { path, directory in
            body(path, directory)
            return true
        }
    }

    /// Goes on while `body` says so.
    private func walk(_ body: (_ path: String, _ directory: String) -> Bool) {
        for mount in root.mounts(ofType: "cgroup2") {
            var pending = ["/"]
            while let path = pending.popLast() {
                let directory = path == "/" ? mount : mount + path
                guard body(path, directory) else { return }
                // Only directories have a cgroup.procs of their own.
                for name in directoryNames(directory)
                where !name.contains(".") || name.hasSuffix(".slice")
                    || name.hasSuffix(".scope") || name.hasSuffix(".service") || name.hasSuffix(".mount")
                {
                    let child = (path == "/" ? "" : path) + "/" + name
                    if inodeNumber("\(mount)\(child)/cgroup.procs") != nil { pending.append(child) }
                }
            }
        }
    }

    /// Processes of a cgroup, as its own `cgroup.procs` lists them.
    func processes(of cgroup: Cgroup) -> [Int32] {
        for mount in root.mounts(ofType: "cgroup2") {
            let folder = cgroup.path == "/" ? mount : mount + cgroup.path
            if let text = readText("\(folder)/cgroup.procs") {
                return text.split(separator: "\n").compactMap { Int32($0) }
            }
        }
        return []
    }

    /// Uids of the pods that have a cgroup.
    public func podUIDs() -> Set<String> {
        var uids = Set<String>()
        forEach { path, _ in
            if let uid = PodPath.uid(inCgroup: path) { uids.insert(uid) }
        }
        return uids
    }

    /// The pods whose log folders are there.
    public func pods() -> [Pod] {
        directoryNames(root.podLogFolder).compactMap { PodPath.pod(logFolder: $0) }.sorted { $0.label < $1.label }
    }
}
