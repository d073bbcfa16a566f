import UnstuckModel

/// Evidence that is read on demand, for what a rule asks for.
extension NodeObserver {
    /// Adds processes and what their threads wait in. Of one that is there already, the newer reading stays.
    ///
    /// - Parameter pids: as the node's procfs numbers them.
    public func addProcesses(_ pids: Set<UInt32>, to snapshot: inout Snapshot) {
        let (processes, shortfalls) = ProcessReader(root: options.root).read(pids: pids)
        let kept = (snapshot.processes ?? []).filter { !pids.contains($0.pid) }
        snapshot.processes = (kept + processes).sorted { $0.pid < $1.pid }
        snapshot.add(shortfalls)
    }

    /// Adds the protocol counters of network namespaces, and those of the processors.
    public func addCounters(ofNamespaces inodes: Set<UInt32>, to snapshot: inout Snapshot) {
        let reader = CounterReader(root: options.root)
        let found = paths(of: inodes, .counters, to: &snapshot)
        let (counters, shortfalls) = reader.read(namespaces: found)
        let kept = (snapshot.counters ?? []).filter { !inodes.contains($0.netns) }
        snapshot.counters = (kept + counters).sorted { $0.netns < $1.netns }
        snapshot.softnet = reader.readSoftnet() ?? snapshot.softnet
        snapshot.add(shortfalls)
    }

    /// Adds what cgroups allow, with those above them: a limit anywhere on the way holds below.
    ///
    /// - Parameter paths: below the mounts of cgroup v2 or v1, with a leading slash.
    public func addCgroupStates(paths: Set<String>, to snapshot: inout Snapshot) {
        let wanted = CgroupReader.withParents(paths)
        let (states, shortfalls) = CgroupReader(root: options.root).read(paths: wanted)
        let kept = (snapshot.cgroupStates ?? []).filter { !wanted.contains($0.path) }
        snapshot.cgroupStates = (kept + states).sorted { $0.path < $1.path }
        snapshot.add(shortfalls)
    }

    /// Adds links, qdiscs and neighbours of network namespaces.
    public func addLinks(ofNamespaces inodes: Set<UInt32>, to snapshot: inout Snapshot) {
        // The other end of a veth pair may be in a namespace that only a descriptor leads to.
        let hidden = OpenNamespaces(root: options.root)
        let named = NamespaceFinder(root: options.root).find().map { (inode: $0.namespace.inode, path: $0.path) }
        let all = named + hidden.paths(notAmong: Set(named.map(\.inode)))
        let found = all.filter { inodes.contains($0.inode) }
        snapshot.add(missing(inodes.subtracting(found.map(\.inode)), .links))
        let reading = LinkReader().read(namespaces: found, others: all)
        withExtendedLifetime(hidden) {}
        snapshot.links = (snapshot.links ?? []).filter { !inodes.contains($0.netns) } + reading.links
        snapshot.qdiscs = (snapshot.qdiscs ?? []).filter { !inodes.contains($0.netns) } + reading.qdiscs
        snapshot.neighbours = (snapshot.neighbours ?? []).filter { !inodes.contains($0.netns) } + reading.neighbours
        snapshot.add(reading.shortfalls)
    }

    /// Where the wanted namespaces are opened; those that nothing leads to become missing evidence.
    private func paths(
        of inodes: Set<UInt32>, _ evidence: Shortfall.Evidence, to snapshot: inout Snapshot
    ) -> [(inode: UInt32, path: String)] {
        let found = NamespaceFinder(root: options.root).find().filter { inodes.contains($0.namespace.inode) }
        snapshot.add(missing(inodes.subtracting(found.map(\.namespace.inode)), evidence))
        return found.map { ($0.namespace.inode, $0.path) }
    }

    private func missing(_ inodes: Set<UInt32>, _ evidence: Shortfall.Evidence) -> [Shortfall] {
        inodes.sorted().map { inode in
            Shortfall(
                evidence, action: "read the \(evidence.rawValue) of network namespace \(inode)",
                missing: "a way into it: no process and no name under /run/netns leads there")
        }
    }
}

extension Snapshot {
    /// Each piece of missing evidence once.
    fileprivate mutating func add(_ new: [Shortfall]) {
        for shortfall in new where !shortfalls.contains(shortfall) { shortfalls.append(shortfall) }
    }
}
