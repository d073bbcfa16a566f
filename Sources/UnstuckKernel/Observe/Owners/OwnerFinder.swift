import UnstuckModel

/// Finds the processes that hold given sockets, looking where they are likely first: the processes of the socket's own
/// cgroup, then those of its network namespace. Only if a socket is still without an owner (its descriptor was passed
/// elsewhere) are the other processes looked at, and then for that socket alone.
public struct OwnerFinder {
    let root: NodeRoot

    public init(root: NodeRoot) { self.root = root }

    /// - Parameter sockets: the sockets that matter; those without a file (inode 0) have no owner.
    public func owners(of sockets: [KernelSocket], in cgroups: [Cgroup]) -> [SocketOwner] {
        var missing = Set(sockets.map(\.inode)).subtracting([0])
        var owners: [SocketOwner] = []
        var searched = Set<Int32>()

        func search(_ processes: some Sequence<Int32>) {
            // Every process of the group: a descriptor may be shared, and each holder keeps the socket.
            guard !missing.isEmpty else { return }
            var found: [SocketOwner] = []
            for process in processes where searched.insert(process).inserted {
                found += held(by: process, among: missing)
            }
            owners += found
            missing.subtract(found.map(\.inode))
        }

        let wanted = Set(sockets.map(\.cgroup))
        let finder = CgroupFinder(root: root)
        search(cgroups.filter { wanted.contains($0.id) && $0.path != "/" }.flatMap(finder.processes))
        guard !missing.isEmpty else { return owners }
        let namespaces = Set(sockets.map(\.netns))
        let all = processIDs(root)
        search(
            all.filter { process in
                linkTarget("\(root.procfs)/\(process)/ns/net").flatMap(NamespaceFinder.inode(ofLink:))
                    .map(namespaces.contains) ?? false
            })
        search(all)
        return owners
    }

    private func held(by process: Int32, among inodes: Set<UInt64>) -> [SocketOwner] {
        let folder = "\(root.procfs)/\(process)"
        var found: [SocketOwner] = []
        for name in directoryNames("\(folder)/fd") {
            guard let descriptor = Int32(name), let target = linkTarget("\(folder)/fd/\(name)"),
                target.hasPrefix("socket:["), let inode = UInt64(target.dropFirst(8).dropLast()),
                inodes.contains(inode)
            else { continue }
            let status = ProcessStatus(readText("\(folder)/stat") ?? "")
            found.append(
                SocketOwner(
                    pid: process, command: status?.command ?? "?", descriptor: descriptor, inode: inode,
                    startTime: status?.startTime ?? 0))
        }
        return found
    }
}

/// What `/proc/PID/stat` says of a process, as far as we need it.
public struct ProcessStatus: Sendable {
    public var command: String
    public var state: ProcessState
    /// Clock ticks since boot.
    public var startTime: UInt64

    /// - Parameter text: `PID (command) state …`; the command may hold anything, parentheses included.
    public init?(_ text: String) {
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else { return nil }
        command = String(text[text.index(after: open)..<close])
        let fields = text[text.index(after: close)...].split(separator: " ")
        // Field 22 of proc(5); the list begins with field 3.
        guard fields.count > 19, let ticks = UInt64(fields[19]) else { return nil }
        state = ProcessState(rawValue: String(fields[0]))
        startTime = ticks
    }

    /// Of a process; `nil`: there is none of that id, or it cannot be seen.
    public init?(of pid: Int32) {
        guard let text = readText("/proc/\(pid)/stat") else { return nil }
        self.init(text)
    }

    /// When a process started; `nil`: there is none of that id.
    public static func startTime(of pid: Int32) -> UInt64? {
        ProcessStatus(of: pid)?.startTime
    }
}
