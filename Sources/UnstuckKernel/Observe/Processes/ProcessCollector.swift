import UnstuckModel

/// Processes, and what their threads wait in.
struct ProcessCollector: Collector {
    let brings = Evidence.processes
    let root: NodeRoot

    func collect(_ subjects: Set<EvidenceRequest.Subject>, into snapshot: inout Snapshot) {
        let pids = subjects.processes
        let (processes, missingEvidence) = ProcessReader(root: root).read(pids: pids)
        let kept = (snapshot.processes ?? []).filter { !pids.contains($0.pid) }
        snapshot.processes = (kept + processes).sorted { $0.pid < $1.pid }
        snapshot.add(missingEvidence)
    }
}
