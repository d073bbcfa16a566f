import UnstuckModel

/// What `state.json` keeps of a lab: what does not follow from its name.
public struct LabState: Hashable, Sendable, Codable {
    /// A lab whose `up` was cut short stays `building`.
    public enum Phase: String, Sendable, Codable { case building, up }

    /// The reference accelerator.
    public struct Accelerator: Hashable, Sendable, Codable {
        public var mapID: UInt32
        public var mapSize: Int
    }

    public static let currentVersion = 1
    public var version = Self.currentVersion
    public var name: String
    public var phase: Phase
    public var pods: [LabPod]
    /// `nil`: the lab was brought up without one.
    public var accelerator: Accelerator?

    public init(name: String, phase: Phase, pods: [LabPod], accelerator: Accelerator? = nil) {
        self.name = name
        self.phase = phase
        self.pods = pods
        self.accelerator = accelerator
    }
}

/// One host of a lab as its users need it.
public struct LabHost: Hashable, Sendable, Codable {
    public var id: HostID
    public var addresses: HostAddresses
    /// The network namespace's name under /run/netns.
    public var namespace: String
    /// The directory of its control group.
    public var cgroup: String
    public var podUID: String?
    /// Processes in its control group right now.
    public var processes: [Int32]
}
