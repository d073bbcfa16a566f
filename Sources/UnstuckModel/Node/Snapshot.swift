/// Everything that one look at a node saw, as plain values. Judging is left to the rules.
public struct Snapshot: Sendable, Codable {
    /// Raised when a field changes its meaning; fields are only ever added otherwise.
    public static let currentVersion = 1

    public var version: Int
    /// Seconds since 1970 when the look began.
    public var takenAt: Double
    /// `CLOCK_MONOTONIC` in seconds, to tell two looks of one boot apart.
    public var monotonic: Double
    public var host: String
    /// The kernel's id of this boot: looks of different boots are never compared.
    public var boot: String
    /// `uname -r`, for people only: nothing is decided by it.
    public var kernelRelease: String
    public var namespaces: [NetworkNamespace]
    public var sockmaps: [Sockmap]
    public var sockets: [TCPSocket]
    /// Distinct handler sets; sockets refer to them by index.
    public var handlers: [Handlers]
    public var programs: [BPFProgram]
    public var cgroups: [Cgroup]
    public var pods: [Pod]
    public var owners: [SocketOwner]
    /// What could not be seen, and why.
    public var shortfalls: [Shortfall]
    /// The only sockmaps that were asked for; `nil`: every one.
    public var selectedMaps: [UInt32]?
    /// Of queues of redirected bytes, between the sample before and this one; `nil`: nobody looked.
    public var queueWatch: QueueWatch?
    /// Processes that were asked for; this and the parts below are `nil` where nobody asked.
    public var processes: [ObservedProcess]?
    /// Of network namespaces.
    public var counters: [NamespaceCounters]?
    /// Of the node's processors.
    public var softnet: SoftnetCounters?
    /// Limits and what they held back; ``cgroups`` has the names alone.
    public var cgroupStates: [CgroupState]?
    public var links: [Link]?
    public var qdiscs: [Qdisc]?
    public var neighbours: [Neighbour]?
    /// What FIONREAD said of sockets in sockmaps that hold unread bytes.
    public var readable: [ReadableBytes]?
    /// What was tried of the kernel, on sockets and a map of our own, by ``KernelTrial``'s words; a trial that did not say
    /// anything is absent.
    public var kernelTrials: [String: Bool]?
    /// Guards and bypasses that are on.
    public var protection: MapProtection?
    /// The other root that the node was read from (`--root`); `nil`: `/`.
    public var root: String?

    public init(takenAt: Double, monotonic: Double, host: String, boot: String, kernelRelease: String) {
        version = Self.currentVersion
        self.takenAt = takenAt
        self.monotonic = monotonic
        self.host = host
        self.boot = boot
        self.kernelRelease = kernelRelease
        namespaces = []
        sockmaps = []
        sockets = []
        handlers = []
        programs = []
        cgroups = []
        pods = []
        owners = []
        shortfalls = []
    }
}

/// Something that the look could not see. A rule that needs it answers *unknown*, never *fine*.
public struct Shortfall: Hashable, Sendable, Codable {
    /// What part of the evidence is missing.
    public enum Evidence: String, Sendable, Codable {
        case sockmaps, sockets, programs, owners, pods, namespaces
        /// Who sits behind the keys of a sockmap.
        case residents
        /// Which functions, programs and queues handle a socket, and its sequence numbers.
        case handlers
        case processes, counters, cgroups, links
        /// What FIONREAD says of a socket.
        case readable
        /// What only a trial shows of the kernel.
        case kernel

        /// Collected for single connections, whose rules say what they lack: its absence hides no other finding.
        public var isOnDemand: Bool {
            switch self {
            case .processes, .counters, .cgroups, .links, .readable, .kernel: true
            default: false
            }
        }
    }
    public var evidence: Evidence
    /// What could not be done: "read the sockets of netns 4026532001".
    public var action: String
    /// What is missing to do it: "CAP_BPF", "kernel BTF (/sys/kernel/btf/vmlinux)".
    public var missing: String

    public init(_ evidence: Evidence, action: String, missing: String) {
        self.evidence = evidence
        self.action = action
        self.missing = missing
    }
}

/// One or more looks at one node, oldest first: what `unstuck collect` saves.
public struct Bundle: Sendable, Codable {
    public var unstuck: String
    public var snapshots: [Snapshot]

    public init(unstuck: String, snapshots: [Snapshot]) {
        self.unstuck = unstuck
        self.snapshots = snapshots
    }
}
