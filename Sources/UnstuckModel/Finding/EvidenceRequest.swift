/// Evidence that rules want beside what every sample holds, for the few sockets and namespaces that they are about.
public struct EvidenceRequest: Sendable, Equatable {
    /// Inodes of sockets whose owners are wanted.
    public var owners: Set<UInt64> = []
    /// Processes whose state is wanted.
    public var processes: Set<UInt32> = []
    /// Inodes of the network namespaces whose counters are wanted.
    public var counters: Set<UInt32> = []
    /// Inodes of the network namespaces whose links, queueing disciplines and neighbours are wanted.
    public var links: Set<UInt32> = []
    /// Another sample would tell whether a connection that holds no bytes stands.
    public var secondSample = false

    public init(
        owners: Set<UInt64> = [], processes: Set<UInt32> = [], counters: Set<UInt32> = [], links: Set<UInt32> = []
    ) {
        self.owners = owners
        self.processes = processes
        self.counters = counters
        self.links = links
    }

    public var isEmpty: Bool { owners.isEmpty && processes.isEmpty && counters.isEmpty && links.isEmpty }

    public mutating func formUnion(_ other: EvidenceRequest) {
        owners.formUnion(other.owners)
        processes.formUnion(other.processes)
        counters.formUnion(other.counters)
        links.formUnion(other.links)
        secondSample = secondSample || other.secondSample
    }

    /// What of this was not asked for before.
    public func subtracting(_ asked: EvidenceRequest) -> EvidenceRequest {
        EvidenceRequest(
            owners: owners.subtracting(asked.owners), processes: processes.subtracting(asked.processes),
            counters: counters.subtracting(asked.counters), links: links.subtracting(asked.links))
    }
}
