/// What was read of a kubelet's log, or of events.
public struct KubeletLog: Sendable {
    /// Lines in all.
    public var lines = 0
    public var bytes = 0
    /// Of the first ``examined`` lines and of all that speak of probes: those in a form that kubelet, journald, a container
    /// runtime or kubectl writes.
    public var recognized = 0
    /// Lines whose end was passed over because they are longer than ``longestLine``.
    public var cutLines = 0
    /// Lines that speak of a failed probe and could not be understood.
    public var notUnderstood = 0
    public var groups: [ProbeFailureGroup] = []
    /// Failures beyond ``ProbeFailureGroups/most`` groups.
    public var ungrouped = 0

    /// Bytes of a line that are read.
    public static let longestLine = 64 << 10
    /// Lines at the beginning whose form is looked at whatever they say.
    public static let examined = 1000

    public init() {}

    public var failures: Int { groups.reduce(ungrouped) { $0 + $1.count } }

    public func count(_ suspicion: ProbeFailureCause.Suspicion) -> Int {
        groups.reduce(0) { $0 + ($1.key.suspicion == suspicion ? $1.count : 0) }
    }

    /// Addresses and ports of the candidates, each once, in the order of ``groups``.
    public var candidates: [Endpoint] {
        var seen = Set<Endpoint>()
        return groups.filter { $0.key.suspicion == .candidate }.compactMap(\.key.target).filter {
            seen.insert($0).inserted
        }
    }
}
