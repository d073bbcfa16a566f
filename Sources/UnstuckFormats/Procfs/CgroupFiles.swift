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

    static func line(_ text: String) -> Substring {
        text.prefix { $0 != "\n" }
    }
}
