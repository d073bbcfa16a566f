import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// Takes one sample, and a second one where the first leaves entries that look dead, or connections that hold bytes, undecided.
public struct DiagnosisSession {
    public let observer: NodeObserver
    /// Seconds between two samples; 0 never takes a second one.
    public var interval: Double
    /// Connections that hold bytes are asked about too; a repair is about entries alone.
    public var asksAboutConnections: Bool
    /// Called before a wait, for a person who waits.
    public var progress: (SamplingProgress) -> Void

    public struct Result {
        /// One or two, oldest first.
        public var looks: [Snapshot]
        public var view: NodeView
        public var diagnosis: Diagnosis
    }

    public init(
        observer: NodeObserver, interval: Double, asksAboutConnections: Bool = true,
        progress: @escaping (SamplingProgress) -> Void = { _ in }
    ) {
        self.observer = observer
        self.interval = interval
        self.asksAboutConnections = asksAboutConnections
        self.progress = progress
    }

    /// - Parameter always: take two samples in any case, so that a saved bundle can be evaluated later.
    public func run(always: Bool = false) throws(OperationError) -> Result {
        var looks = [sample()]
        var result = try evaluate(looks)
        let first = result.diagnosis
        if interval > 0, asksAboutConnections { observer.collect(first.wanted.only(.counters), into: &looks[0]) }
        if interval > 0, always || !first.suspects.isEmpty || asksAboutConnections && first.wantsSecondSample {
            progress(
                SamplingProgress(
                    suspects: first.suspects.count, unsettled: first.unsettled.count, secondsToWait: interval))
            let watch = watchQueues(result.view)
            looks.append(sample())
            looks[1].queueWatch = watch
            result = try evaluate(looks)
        }
        result.looks = looks
        if asksAboutConnections { addProtection(to: &result) }
        collectWanted(&result)
        return result
    }

    /// Which remedies fit depends on what is on already, and on who uses the map.
    private func addProtection(to result: inout Result) {
        let entries = result.diagnosis.findings.flatMap(\.subject.entries).map(\.map)
        let maps = Set(entries + result.diagnosis.findings.compactMap(\.subject.map))
        guard !maps.isEmpty else { return }
        let last = result.looks.count - 1
        ProtectionReading(root: observer.options.root).add(to: &result.looks[last], maps: maps)
        result.view.learn(from: result.looks[last])
        result.diagnosis = UnstuckDiagnosis.diagnose(result.view)
    }

    /// What rules want beside the samples is collected last, for the connections that they are about alone: owners, then what
    /// their processes do.
    private func collectWanted(_ result: inout Result) {
        var asked = EvidenceRequest()
        for _ in 0..<Self.rounds {
            var wanted = result.diagnosis.wanted.subtracting(asked)
            if !asksAboutConnections { wanted = wanted.only(.owners) }
            guard !wanted.isEmpty else { return }
            asked.formUnion(wanted)
            let last = result.looks.count - 1
            observer.collect(wanted, into: &result.looks[last])
            result.view.learn(from: result.looks[last])
            result.diagnosis = UnstuckDiagnosis.diagnose(result.view)
        }
    }
    /// Owners, their processes; links, what their veth pairs lead to.
    private static let rounds = 4

    private func sample() -> Snapshot {
        var sample = observer.look()
        if !observer.options.maps.isEmpty { sample.selectedMaps = observer.options.maps.sorted() }
        let root = observer.options.root.prefix
        sample.root = root.isEmpty ? nil : root
        return sample
    }

    /// Waits for the interval; meanwhile reads queues of redirected bytes again and again, as long as one is the same.
    private func watchQueues(_ view: NodeView) -> QueueWatch? {
        let start = ContinuousClock.now
        let end = start + .seconds(interval)
        var queues = RedirectedQueues(view)
        let isWatched = asksAboutConnections && !queues.isEmpty
        if isWatched {
            // Evenly over the interval; on a machine on which a sample takes longer than that, one after the other.
            let step = interval / Double(RedirectedQueues.readings + 1)
            for number in 1...RedirectedQueues.readings where !queues.isEmpty {
                Self.sleep(until: start + .seconds(step * Double(number)))
                queues.add(observer.look())
            }
        }
        Self.sleep(until: end)
        return isWatched ? queues.result : nil
    }

    private static func sleep(until end: ContinuousClock.Instant) {
        let left = ContinuousClock.now.duration(to: end)
        guard left > .zero else { return }
        usleep(UInt32(left / .microseconds(1)))
    }

    private func evaluate(_ looks: [Snapshot]) throws(OperationError) -> Result {
        guard let view = NodeView(looks) else { throw OperationError(.noSnapshots, "no snapshot was taken") }
        return Result(looks: looks, view: view, diagnosis: UnstuckDiagnosis.diagnose(view))
    }
}
