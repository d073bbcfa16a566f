/// Everything that one sample of a node saw, as plain values. What was not read is `nil`, never 0, and ``coverage`` says
/// why.
public struct Snapshot: Sendable, Codable {
    /// Raised when a field changes its meaning; fields are only ever added otherwise.
    public static let currentVersion = 2

    public var version = currentVersion
    /// Seconds since 1970 when it was begun.
    public var takenAt: Double
    /// `CLOCK_MONOTONIC` in seconds, to tell two samples of one boot apart.
    public var monotonic: Double
    public var host: String
    /// The kernel's id of this boot: samples of different boots are never compared.
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
    /// What of all this was read, by kind and network namespace.
    public var coverage = Coverage()
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
    /// What the kernel is and has.
    public var kernel: KernelFacts?

    /// Takes over programs of which more is known, where they are attached above all. What is known of a program already, where
    /// the kernel cannot be asked too, stays.
    public mutating func add(attached found: [BPFProgram]) {
        let known = Set(programs.filter { $0.attachments != nil }.map(\.id))
        let new = found.filter { !known.contains($0.id) }
        let replaced = Set(new.map(\.id))
        programs = programs.filter { !replaced.contains($0.id) } + new
    }

    public init(takenAt: Double, monotonic: Double, host: String, boot: String, kernelRelease: String) {
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
    }
}

/// One or more samples of one node, oldest first: what `unstuck collect` saves.
public struct Bundle: Sendable {
    /// The version of the program that saved it.
    public var unstuck: String
    public var snapshots: [Snapshot]

    public init(unstuck: String, snapshots: [Snapshot]) {
        self.unstuck = unstuck
        self.snapshots = snapshots
    }
}
