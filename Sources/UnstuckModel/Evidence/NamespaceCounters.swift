/// The protocol counters of one network namespace, from /proc/net/snmp, netstat and snmp6.
public struct NamespaceCounters: Hashable, Sendable, Codable {
    /// Inode number of the namespace.
    public var netns: UInt32
    /// `CLOCK_MONOTONIC` in seconds.
    public var takenAt: Double
    /// Named as nstat(8) names them: `TcpRetransSegs`, `TcpExtListenOverflows`, `Ip6InReceives`. A name that this kernel
    /// does not have is absent. A few are no counters but present values (`TcpCurrEstab`).
    public var values: [String: UInt64]

    public init(netns: UInt32, takenAt: Double, values: [String: UInt64]) {
        self.netns = netns
        self.takenAt = takenAt
        self.values = values
    }

    /// `nil`: this kernel has no counter of that name.
    public subscript(name: String) -> UInt64? { values[name] }

    /// What was added to each counter since an earlier sample of the same namespace; `nil`: the sample is of another
    /// namespace, or a later one. What became less, or is in one sample alone, is absent.
    public func delta(from earlier: NamespaceCounters) -> [String: UInt64]? {
        guard earlier.netns == netns, earlier.takenAt <= takenAt else { return nil }
        var result: [String: UInt64] = [:]
        for (name, value) in values {
            guard let before = earlier.values[name], before <= value else { continue }
            result[name] = value - before
        }
        return result
    }
}
