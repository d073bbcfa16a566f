import Glibc
import UnstuckKernel

/// A directory of the cgroup v2 hierarchy and everything below it.
struct ControlGroup {
    var path: String

    init(_ path: String) { self.path = path }

    var exists: Bool { Files.exists(path) }

    func create() throws { try Files.makeFolder(path) }

    /// Moves the calling process, with all its threads.
    func join() throws {
        try Files.write("0", to: "\(path)/cgroup.procs", flags: O_WRONLY)
    }

    /// Processes in exactly this group.
    var processes: [Int32] {
        (readText("\(path)/cgroup.procs") ?? "").split(separator: "\n").compactMap { Int32($0) }
    }

    /// This group's directories, deepest first.
    var tree: [ControlGroup] {
        let children = directoryNames(path).map { ControlGroup("\(path)/\($0)") }.filter(\.isFolder)
        return children.flatMap(\.tree) + [self]
    }

    /// Kills every process of the tree and waits until none is left.
    /// - Returns: the processes that were there.
    func killAll(within limit: Duration = .patience) throws -> [Int32] {
        var killed = Set<Int32>()
        let deadline = Deadline(after: limit)
        let emptied = deadline.wait {
            let left = tree.flatMap(\.processes).filter { $0 > 0 }
            guard !left.isEmpty else { return true }
            killed.formUnion(left)
            // Linux 5.14; before, one by one, again until nobody is left: a process may fork meanwhile.
            if (try? Files.write("1", to: "\(path)/cgroup.kill", flags: O_WRONLY)) == nil {
                for process in left { kill(process, SIGKILL) }
            }
            return false
        }
        guard emptied else {
            throw LabError(.failed, "processes \(tree.flatMap(\.processes)) of \(path) survived SIGKILL")
        }
        // Those that were started by this very process are ours to bury; for all others the call fails, as it should.
        for process in killed { _ = waitpid(process, nil, WNOHANG) }
        return killed.sorted()
    }

    /// Removes the tree; a group that was just emptied can be busy for a moment.
    func removeTree(within limit: Duration = .patience) throws {
        let deadline = Deadline(after: limit)
        for group in tree {
            var failure: SystemError?
            let gone = deadline.wait {
                do throws(SystemError) {
                    try syscall("rmdir", on: group.path) { unsafe rmdir(group.path) }
                    return true
                } catch {
                    failure = error
                    return error.errno == ENOENT
                }
            }
            if !gone { throw LabError(.failed, "cannot remove a cgroup", cause: failure) }
        }
    }

    private var isFolder: Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
