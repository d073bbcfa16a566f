import UnstuckModel

/// Links, queueing disciplines and neighbours of network namespaces.
struct LinkCollector: Collector {
    let brings = Evidence.links
    let root: NodeRoot

    func collect(_ subjects: Set<EvidenceRequest.Subject>, into snapshot: inout Snapshot) {
        let inodes = subjects.namespaces
        // The other end of a veth pair may be in a namespace that only a descriptor leads to.
        let hidden = OpenNamespaces(root: root)
        let named = NamespaceFinder(root: root).find().map { (inode: $0.namespace.inode, path: $0.path) }
        let all = named + hidden.paths(notAmong: Set(named.map(\.inode)))
        let found = all.filter { inodes.contains($0.inode) }
        snapshot.add(MissingEvidence.unreachable(inodes.subtracting(found.map(\.inode)), brings))
        let reading = LinkReader().read(namespaces: found, others: all)
        withExtendedLifetime(hidden) {}
        snapshot.links = (snapshot.links ?? []).filter { !inodes.contains($0.netns) } + reading.links
        snapshot.qdiscs = (snapshot.qdiscs ?? []).filter { !inodes.contains($0.netns) } + reading.qdiscs
        snapshot.neighbours = (snapshot.neighbours ?? []).filter { !inodes.contains($0.netns) } + reading.neighbours
        snapshot.add(reading.missingEvidence)
    }
}
