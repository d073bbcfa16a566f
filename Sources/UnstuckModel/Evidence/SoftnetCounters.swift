/// What the processors did with received packets (/proc/net/softnet_stat): of the whole node, whatever namespace it is
/// read in.
public struct SoftnetCounters: Hashable, Sendable, Codable {
    /// `CLOCK_MONOTONIC` in seconds.
    public var takenAt: Double
    /// The processors that are online.
    public var processors: [Processor]

    public init(takenAt: Double, processors: [Processor]) {
        self.takenAt = takenAt
        self.processors = processors
    }

    /// Counters of one processor. The kernel's are 32 bits wide and wrap.
    public struct Processor: Hashable, Sendable, Codable {
        /// Number of the processor; `nil`: the kernel does not say (before Linux 5.10).
        public var number: UInt32?
        /// Packets that were taken from devices.
        public var processed: UInt32
        /// Packets dropped because the processor's backlog was full (net.core.netdev_max_backlog).
        public var dropped: UInt32
        /// Times that packets were left because time or budget was used up (net.core.netdev_budget).
        public var timeSqueezed: UInt32

        public init(number: UInt32?, processed: UInt32, dropped: UInt32, timeSqueezed: UInt32) {
            self.number = number
            self.processed = processed
            self.dropped = dropped
            self.timeSqueezed = timeSqueezed
        }
    }

    /// Sums over all processors since an earlier sample; `nil`: other processors, or a later sample. A counter that wrapped
    /// once is reported right.
    public func delta(from earlier: SoftnetCounters) -> (processed: UInt64, dropped: UInt64, timeSqueezed: UInt64)? {
        guard earlier.takenAt <= takenAt, earlier.processors.map(\.number) == processors.map(\.number) else {
            return nil
        }
        var sum: (processed: UInt64, dropped: UInt64, timeSqueezed: UInt64) = (0, 0, 0)
        for (now, before) in zip(processors, earlier.processors) {
            sum.processed += UInt64(now.processed &- before.processed)
            sum.dropped += UInt64(now.dropped &- before.dropped)
            sum.timeSqueezed += UInt64(now.timeSqueezed &- before.timeSqueezed)
        }
        return sum
    }
}
