import UnstuckModel

/// Protocol counters of network namespaces, and those of the processors.
struct CounterCollector: Collector {
    let brings = Evidence.counters
    let root: NodeRoot

    func collect(_ subjects: Set<EvidenceRequest.Subject>, into snapshot: inout Snapshot) {
        let inodes = subjects.namespaces
        let found = NamespaceFinder(root: root).find().filter { inodes.contains($0.namespace.inode) }
        snapshot.add(MissingEvidence.unreachable(inodes.subtracting(found.map(\.namespace.inode)), brings))
        let reader = CounterReader(root: root)
        let (counters, missingEvidence) = reader.read(namespaces: found.map { ($0.namespace.inode, $0.path) })
        let kept = (snapshot.counters ?? []).filter { !inodes.contains($0.netns) }
        snapshot.counters = (kept + counters).sorted { $0.netns < $1.netns }
        snapshot.softnet = reader.readSoftnet() ?? snapshot.softnet
        snapshot.add(missingEvidence)
    }
}

extension MissingEvidence {
    /// Of network namespaces that nothing leads to.
    static func unreachable(_ inodes: Set<UInt32>, _ evidence: Evidence) -> [MissingEvidence] {
        inodes.sorted().map { inode in
            MissingEvidence(
                evidence, of: inode, action: "read the \(evidence.rawValue) of network namespace \(inode)",
                .needs("a way into it: no process and no name under /run/netns leads there"))
        }
    }
}
