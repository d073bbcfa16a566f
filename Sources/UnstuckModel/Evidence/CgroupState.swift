/// What a cgroup allows its processes, and what it made them wait for. From cgroup v2, and from the v1 controllers that have a
/// cgroup of this path.
public struct CgroupState: Hashable, Sendable, Codable {
    /// Below the mount point, with a leading slash.
    public var path: String
    /// cgroup v2 id; `nil`: v2 has no cgroup of this path.
    public var id: UInt64?
    /// `CLOCK_MONOTONIC` in seconds.
    public var takenAt: Double
    /// Microseconds of processor time in each period (`cpu.max`, `cpu.cfs_quota_us`).
    public var cpuQuota: CgroupLimit?
    /// Microseconds.
    public var cpuPeriod: UInt64?
    /// Periods in which something ran (`nr_periods` of cpu.stat).
    public var periods: UInt64?
    /// Periods in which the quota was used up (`nr_throttled`).
    public var throttledPeriods: UInt64?
    /// Microseconds for which all processors together were not allowed to go on (`throttled_usec`; v1's `throttled_time` is
    /// in nanoseconds).
    public var throttledTime: UInt64?
    /// Bytes.
    public var memoryCurrent: UInt64?
    /// Bytes (`memory.max`, `memory.limit_in_bytes`).
    public var memoryMax: CgroupLimit?
    /// Bytes above which allocations are slowed down (`memory.high`); v1 has none.
    public var memoryHigh: CgroupLimit?
    /// `oom`, `oom_kill`, `high`, `max` of memory.events; of v1 `max` (memory.failcnt) and `oom_kill`. Empty: not read.
    public var memoryEvents: [String: UInt64]
    /// It, or one above it, is frozen.
    public var isFrozen: Bool?

    public init(path: String, id: UInt64?, takenAt: Double) {
        self.path = path
        self.id = id
        self.takenAt = takenAt
        memoryEvents = [:]
    }
}

/// A limit, or that there is none: which is something else than that it was not read. As JSON a number or `"max"`.
public enum CgroupLimit: Hashable, Sendable {
    case unlimited
    case value(UInt64)

    /// `nil`: unlimited.
    public var value: UInt64? {
        if case .value(let value) = self { value } else { nil }
    }
}

extension CgroupLimit: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(UInt64.self) {
            self = .value(value)
        } else if try container.decode(String.self) == "max" {
            self = .unlimited
        } else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "neither a number nor max")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .unlimited: try container.encode("max")
        case .value(let value): try container.encode(value)
        }
    }
}
