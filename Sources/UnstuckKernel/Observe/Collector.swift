import UnstuckModel

/// Reads one kind of evidence that is not in every sample, for the few sockets, processes or namespaces that rules ask about.
/// Read-only; what cannot be read becomes a ``MissingEvidence``.
///
/// Adding one: a folder beside this file, and a line in ``NodeObserver/collectors``.
public protocol Collector {
    /// The kind of evidence, in requests and in what is missing.
    var brings: Evidence { get }
    /// Adds to the sample what is asked for. What the sample had of the same subjects is replaced.
    func collect(_ subjects: Set<EvidenceRequest.Subject>, into snapshot: inout Snapshot)
}

extension NodeObserver {
    /// All of them, in the order in which they are asked.
    public var collectors: [any Collector] {
        [
            OwnerCollector(root: options.root, lastPass: socketObserver), ProcessCollector(root: options.root),
            CgroupCollector(root: options.root), CounterCollector(root: options.root),
            LinkCollector(root: options.root), ReadableCollector(root: options.root), KernelTrialCollector(),
        ]
    }

    /// Adds what a diagnosis wants to the sample that it was made of.
    public func collect(_ wanted: EvidenceRequest, into snapshot: inout Snapshot) {
        for collector in collectors {
            let subjects = wanted[collector.brings]
            guard !subjects.isEmpty else { continue }
            collector.collect(subjects, into: &snapshot)
            snapshot.note(collector.brings, of: subjects, at: SystemClock.monotonic.seconds)
        }
    }
}

extension Set<EvidenceRequest.Subject> {
    var sockets: Set<UInt64> { values { if case .socket(let inode) = $0 { inode } else { nil } } }
    var processes: Set<UInt32> { values { if case .process(let pid) = $0 { pid } else { nil } } }
    var namespaces: Set<UInt32> { values { if case .namespace(let inode) = $0 { inode } else { nil } } }
    var cgroups: Set<String> { values { if case .cgroup(let path) = $0 { path } else { nil } } }

    private func values<Value: Hashable>(_ value: (Element) -> Value?) -> Set<Value> { Set<Value>(compactMap(value)) }
}

extension Snapshot {
    /// What a collector was asked for was read, but for what it says is missing: its namespaces one by one, other subjects
    /// together.
    fileprivate mutating func note(_ evidence: Evidence, of subjects: Set<EvidenceRequest.Subject>, at time: Double) {
        let missing = coverage.missing.filter { $0.evidence == evidence }
        for netns in subjects.namespaces.sorted() where !missing.contains(where: { $0.netns == netns }) {
            coverage.noteRead(evidence, of: netns, at: time)
        }
        if subjects.count > subjects.namespaces.count { coverage.noteRead(evidence, at: time) }
    }

    /// Each piece of missing evidence once.
    mutating func add(_ new: [MissingEvidence]) {
        for gap in new where !missingEvidence.contains(gap) { missingEvidence.append(gap) }
    }
}
