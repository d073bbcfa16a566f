/// Samples of one boot of one node that can be compared with each other: oldest first, each once.
public struct NodeSamples: Sendable {
    public var host: String
    public var boot: String
    /// At least one.
    public var snapshots: [Snapshot]

    private struct Key: Hashable {
        var host: String
        var boot: String
        /// What a sample of chosen maps does not hold was not gone.
        var maps: [UInt32]?
    }

    private struct Moment: Hashable {
        var monotonic: Double
        var takenAt: Double
    }

    /// Samples in any order, of any nodes, the same one several times: sorted out by node and boot, nodes by name, the boot that
    /// was seen last behind the others. Within a boot the monotonic clock tells, which nobody sets.
    public static func sorted(_ snapshots: [Snapshot]) -> [NodeSamples] {
        let groups = Dictionary(grouping: snapshots) { Key(host: $0.host, boot: $0.boot, maps: $0.selectedMaps) }
        return groups.map { key, snapshots in
            var seen = Set<Moment>()
            return NodeSamples(
                host: key.host, boot: key.boot,
                snapshots: snapshots.filter {
                    seen.insert(Moment(monotonic: $0.monotonic, takenAt: $0.takenAt)).inserted
                }.sorted { $0.monotonic < $1.monotonic })
        }.sorted { $0.rank < $1.rank }
    }

    private var rank: (String, Double, String, Int) {
        let last = snapshots[snapshots.count - 1]
        return (host, last.takenAt, boot, last.selectedMaps?.count ?? .max)
    }
}
