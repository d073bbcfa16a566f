/// A process as /proc shows it: what its threads do, and what it is part of.
public struct ObservedProcess: Hashable, Sendable, Codable {
    /// In the PID namespace of the procfs that was read.
    public var pid: UInt32
    /// Clock ticks since boot (field 22 of proc_pid_stat(5)): tells a reused pid from the same process.
    public var startTime: UInt64
    /// The process's own name for itself; anything may stand in it.
    public var name: String
    /// Of its first thread.
    public var state: ProcessState
    /// Path below the cgroup v2 mount; `nil`: not read, or there is no cgroup v2.
    public var cgroup: String?
    /// Paths below the cgroup v1 mounts, by controller (`cpu`, `memory`, `freezer`, …); empty where there is no v1.
    public var controllerCgroups: [String: String]
    /// Its cgroup, or one above it, is frozen; `nil`: it could not be read.
    public var isFrozen: Bool?
    /// The first ones; see ``threadCount``.
    public var threads: [ObservedThread]
    /// How many threads the kernel counts; more than are in ``threads`` where reading was bounded or one came or went.
    public var threadCount: Int?
    /// Soft limit of open descriptors (RLIMIT_NOFILE); `nil`: not read, or unlimited.
    public var descriptorLimit: UInt64?
    /// Open descriptors; `nil`: not reported without listing them (Linux 6.2, commit f1f1f2569901
    /// ("proc: report open files as size in stat() for /proc/pid/fd")), or not permitted.
    public var openDescriptors: UInt64?
    /// `CLOCK_MONOTONIC` in seconds.
    public var takenAt: Double

    public init(pid: UInt32, startTime: UInt64, name: String, state: ProcessState, takenAt: Double) {
        self.pid = pid
        self.startTime = startTime
        self.name = name
        self.state = state
        self.takenAt = takenAt
        controllerCgroups = [:]
        threads = []
    }

    /// The first thread or any other is stopped by a signal or a tracer.
    public var isStopped: Bool { state.isStopped || threads.contains { $0.state.isStopped } }
}

/// State of a task by the letter that /proc/PID/stat has for it; unknown letters survive.
public struct ProcessState: RawRepresentable, Hashable, Sendable, Codable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let running = ProcessState(rawValue: "R")
    public static let sleeping = ProcessState(rawValue: "S")
    /// Uninterruptible: no signal ends it.
    public static let waitingForDisk = ProcessState(rawValue: "D")
    /// By SIGSTOP and the like.
    public static let stopped = ProcessState(rawValue: "T")
    /// By a tracer (a debugger).
    public static let traced = ProcessState(rawValue: "t")
    public static let zombie = ProcessState(rawValue: "Z")
    public static let dead = ProcessState(rawValue: "X")
    /// A kernel thread that waits and does not count as load.
    public static let idle = ProcessState(rawValue: "I")

    public var isStopped: Bool { self == .stopped || self == .traced }
}
