import UnstuckFormats
import UnstuckModel

/// Reads what cgroups allow and what they held back. Read-only.
public struct CgroupReader {
    private let mounts: CgroupMounts

    public init(root: NodeRoot) { mounts = CgroupMounts(root: root) }

    /// - Parameter paths: below the mounts, with a leading slash.
    /// - Returns: those that exist in v2 or below a v1 controller, by path, and what could not be looked for.
    public func read(paths: Set<String>) -> (states: [CgroupState], missingEvidence: [MissingEvidence]) {
        var states: [CgroupState] = []
        var outside = 0
        for path in paths.sorted() {
            if path.split(separator: "/").contains("..") || !path.hasPrefix("/") {
                outside += 1
            } else if let state = read(path) {
                states.append(state)
            }
        }
        let missingEvidence =
            outside == 0
            ? []
            : [
                MissingEvidence(
                    .cgroups, action: "read \(pluralized(outside, "cgroup")) outside of our cgroup namespace",
                    .needs("the host's cgroup namespace"))
            ]
        return (states, missingEvidence)
    }

    /// A path and those above it: a limit anywhere on the way holds below.
    public static func withParents(_ paths: Set<String>) -> Set<String> {
        var result = paths
        for path in paths {
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/"), slash > rest.startIndex {
                rest = rest[..<slash]
                result.insert(String(rest))
            }
        }
        return result
    }

    private func read(_ path: String) -> CgroupState? {
        let taken = SystemClock.monotonic.seconds
        let unified = mounts.directory(of: path)
        var state = CgroupState(path: path, id: unified.flatMap(inodeNumber), takenAt: taken)
        var isThere = state.id != nil
        if let unified, isThere { Self.addUnified(unified, to: &state) }
        for (controller, add) in Self.legacy {
            guard let folder = mounts.directory(of: path, controller: controller), inodeNumber(folder) != nil else {
                continue
            }
            isThere = true
            add(folder, &state)
        }
        return isThere ? state : nil
    }

    private static func addUnified(_ folder: String, to state: inout CgroupState) {
        if let quota = readText("\(folder)/cpu.max").flatMap(CgroupFiles.quota) {
            (state.cpuQuota, state.cpuPeriod) = (quota.quota, quota.period)
        }
        let cpu = numbers("\(folder)/cpu.stat")
        state.periods = cpu["nr_periods"]
        state.throttledPeriods = cpu["nr_throttled"]
        state.throttledTime = cpu["throttled_usec"]
        state.memoryCurrent = readText("\(folder)/memory.current").flatMap(CgroupFiles.number)
        state.memoryMax = readText("\(folder)/memory.max").flatMap(CgroupFiles.limit)
        state.memoryHigh = readText("\(folder)/memory.high").flatMap(CgroupFiles.limit)
        state.memoryEvents = numbers("\(folder)/memory.events")
        state.isFrozen = readText("\(folder)/cgroup.events").flatMap(CgroupFiles.isFrozen(events:))
    }

    /// The v1 controllers that matter. What v2 has said stays: a controller is in one of them alone.
    private static let legacy: [(controller: String, add: @Sendable (String, inout CgroupState) -> Void)] = [
        (
            "cpu",
            { folder, state in
                state.cpuQuota = state.cpuQuota ?? readText("\(folder)/cpu.cfs_quota_us").flatMap(CgroupFiles.limit)
                state.cpuPeriod = state.cpuPeriod ?? readText("\(folder)/cpu.cfs_period_us").flatMap(CgroupFiles.number)
                let cpu = numbers("\(folder)/cpu.stat")
                state.periods = state.periods ?? cpu["nr_periods"]
                state.throttledPeriods = state.throttledPeriods ?? cpu["nr_throttled"]
                state.throttledTime = state.throttledTime ?? cpu["throttled_time"].map { $0 / 1000 }
            }
        ),
        (
            "memory",
            { folder, state in
                state.memoryCurrent =
                    state.memoryCurrent ?? readText("\(folder)/memory.usage_in_bytes").flatMap(CgroupFiles.number)
                state.memoryMax =
                    state.memoryMax
                    ?? readText("\(folder)/memory.limit_in_bytes").flatMap(CgroupFiles.legacyMemoryLimit)
                guard state.memoryEvents.isEmpty else { return }
                state.memoryEvents["max"] = readText("\(folder)/memory.failcnt").flatMap(CgroupFiles.number)
                // Linux 4.13
                state.memoryEvents["oom_kill"] = numbers("\(folder)/memory.oom_control")["oom_kill"]
            }
        ),
        (
            "freezer",
            { folder, state in
                guard let frozen = readText("\(folder)/freezer.state").flatMap(CgroupFiles.isFrozen(state:)) else {
                    return
                }
                state.isFrozen = frozen || state.isFrozen == true
            }
        ),
    ]

    private static func numbers(_ path: String) -> [String: UInt64] { CgroupFiles.numbers(readText(path) ?? "") }
}
