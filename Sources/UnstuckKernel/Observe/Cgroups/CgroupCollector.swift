import UnstuckModel

/// What cgroups allow and what they held back, with those above them: a limit anywhere on the way holds below.
struct CgroupCollector: Collector {
    let brings = Evidence.cgroups
    let root: NodeRoot

    func collect(_ subjects: Set<EvidenceRequest.Subject>, into snapshot: inout Snapshot) {
        let wanted = CgroupReader.withParents(subjects.cgroups)
        let (states, missingEvidence) = CgroupReader(root: root).read(paths: wanted)
        let kept = (snapshot.cgroupStates ?? []).filter { !wanted.contains($0.path) }
        snapshot.cgroupStates = (kept + states).sorted { $0.path < $1.path }
        snapshot.add(missingEvidence)
    }
}
