import UnstuckModel

/// Files of cgroup v1 and v2 directories (Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).
public enum CgroupFiles {
    /// Lines of a name and a number: `cpu.stat`, `memory.events`, `cgroup.events`, `memory.oom_control`.
    public static func numbers(_ text: String) -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 2, let value = UInt64(fields[1]) { result[String(fields[0])] = value }
        }
        return result
    }

    /// A file of one number.
    public static func number(_ text: String) -> UInt64? { UInt64(line(text)) }

    /// `freezer.state` of v1: `THAWED`, `FREEZING`, `FROZEN`; true as soon as freezing was asked for. It shows what the
    /// groups above it ask for, too (`freezer_read`, kernel/cgroup/legacy_freezer.c).
    public static func isFrozen(state text: String) -> Bool? {
        switch line(text) {
        case "THAWED": false
        case "FREEZING", "FROZEN": true
        default: nil
        }
    }

    /// `cgroup.events` of v2, which counts what is frozen from above, too (Linux 5.2).
    public static func isFrozen(events text: String) -> Bool? { numbers(text)["frozen"].map { $0 != 0 } }

    /// `cpu.max` of v2: `50000 100000`, or `max 100000`. Microseconds.
    public static func quota(_ text: String) -> (quota: CgroupLimit, period: UInt64)? {
        let fields = line(text).split(separator: " ")
        guard fields.count == 2, let quota = limit(String(fields[0])), let period = UInt64(fields[1]) else {
            return nil
        }
        return (quota, period)
    }

    /// `memory.max` and the like: a number or `max`; `cpu.cfs_quota_us` of v1: a number or -1.
    public static func limit(_ text: String) -> CgroupLimit? {
        let line = line(text)
        return line == "max" || line == "-1" ? .unlimited : UInt64(line).map(CgroupLimit.value)
    }

    /// `memory.limit_in_bytes` of v1, which has the largest number of pages for "no limit" (`PAGE_COUNTER_MAX`,
    /// include/linux/page_counter.h: LONG_MAX in whole pages, of up to 64 KiB).
    public static func legacyMemoryLimit(_ text: String) -> CgroupLimit? {
        number(text).map { $0 >= UInt64(Int64.max) - 0xFFFF ? .unlimited : .value($0) }
    }

    static func line(_ text: String) -> Substring {
        text.prefix { $0 != "\n" }
    }
}
