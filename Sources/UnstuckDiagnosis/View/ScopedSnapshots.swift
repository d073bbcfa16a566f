import UnstuckModel

/// Of samples that chose maps (`--map`), what belongs to these maps: the sockets of their entries and those that a key names, the
/// other ends of their connections, their listeners, and what was read of all these. Samples of all maps stay as they are.
///
/// The maps that were chosen stay in the samples (`selectedMaps`), so that nobody takes the answer for the node's.
public func scoped(_ samples: [Snapshot]) -> [Snapshot] {
    guard samples.contains(where: { $0.selectedMaps != nil }) else { return samples }
    let scope = SnapshotScope(samples)
    return samples.map { $0.selectedMaps == nil ? $0 : scope.cut($0) }
}

/// Of all samples together: what belongs to a map in one of them is kept in each.
private struct SnapshotScope {
    private var tuples = Set<FourTuple>()
    private var inodes = Set<UInt64>()
    private var listeners = Set<Place>()

    /// Where a listener takes connections.
    private struct Place: Hashable {
        var netns: UInt32
        var port: UInt16
    }

    init(_ samples: [Snapshot]) {
        for sample in samples {
            let sockmaps = SockmapIndex(sample) { LayoutDecision(for: $0) }
            let scope = MapScope(sockmaps)
            for entry in sockmaps.entries { add(entry.entry.socket) }
            for socket in sample.sockets where scope.holds(socket.socket) { add(socket.socket) }
        }
        for sample in samples {
            for socket in sample.sockets where isOfConnection(socket.socket) { addListener(socket.socket) }
        }
    }

    private mutating func add(_ socket: KernelSocket) {
        tuples.insert(socket.tuple)
        if socket.inode != 0 { inodes.insert(socket.inode) }
        addListener(socket)
    }

    private mutating func addListener(_ socket: KernelSocket) {
        listeners.insert(Place(netns: socket.netns, port: socket.tuple.local.port))
    }

    private func isOfConnection(_ socket: KernelSocket) -> Bool {
        tuples.contains(socket.tuple) || tuples.contains(socket.tuple.reversed) || inodes.contains(socket.inode)
    }

    private func holds(_ socket: KernelSocket) -> Bool {
        isOfConnection(socket)
            || socket.state == .listen
                && listeners.contains(Place(netns: socket.netns, port: socket.tuple.local.port))
    }

    func cut(_ sample: Snapshot) -> Snapshot {
        var result = sample
        result.sockets = sample.sockets.filter { holds($0.socket) }
        let kept = result.sockets.map(\.socket) + sample.sockmaps.flatMap { $0.entries.map(\.socket) }
        let (netns, cgroups) = (Set(kept.map(\.netns)), Set(kept.map(\.cgroup)))
        let (inodes, programs) = (Set(kept.map(\.inode)), Set(kept.compactMap(\.psock?.msgProgram)))
        let maps = Set(sample.sockmaps.map(\.id))
        // One that could not be read may hold more of these sockets.
        result.namespaces = sample.namespaces.filter { netns.contains($0.inode) || !$0.wasRead }
        result.programs = sample.programs.filter { programs.contains($0.id) || !maps.isDisjoint(with: $0.maps) }
        result.cgroups = sample.cgroups.filter { cgroups.contains($0.id) }
        let pods = Set(result.cgroups.compactMap(\.podUID))
        result.pods = sample.pods.filter { pods.contains($0.uid) }
        result.owners = sample.owners.filter { inodes.contains($0.inode) }
        let pids = Set(result.owners.map { UInt32(bitPattern: $0.pid) })
        result.processes = sample.processes?.filter { pids.contains($0.pid) }
        result.counters = sample.counters?.filter { netns.contains($0.netns) }
        return result
    }
}
