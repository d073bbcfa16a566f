/// Chooses entries. An empty set of what is wanted takes every entry.
public struct EntryFilter: Sendable {
    public var states: Set<EntryState>
    /// Labels, as ``Pod/label``.
    public var pods: Set<String>
    /// An entry is taken if its key names one of them, on either side.
    public var addresses: Set<IPAddress>
    public var ports: Set<UInt16>
    /// Names the entries' pods; without it no entry has one.
    private let index: PodIndex?
    private let takesAll: Bool

    public init(
        states: Set<EntryState> = [], pods: Set<String> = [], addresses: Set<IPAddress> = [], ports: Set<UInt16> = [],
        index: PodIndex? = nil
    ) {
        self.states = states
        self.pods = pods
        self.addresses = addresses
        self.ports = ports
        self.index = index
        takesAll = states.isEmpty && pods.isEmpty && addresses.isEmpty && ports.isEmpty
    }

    public func takes(_ entry: SockmapEntry, _ claim: FourTuple?, _ state: EntryState) -> Bool {
        if takesAll { return true }
        guard states.isEmpty || states.contains(state) else { return false }
        if !addresses.isEmpty || !ports.isEmpty {
            guard let claim else { return false }
            let ends = [claim.local, claim.remote]
            guard addresses.isEmpty || ends.contains(where: { addresses.contains($0.address) }),
                ports.isEmpty || ends.contains(where: { ports.contains($0.port) })
            else { return false }
        }
        return pods.isEmpty || index?.pod(of: entry, claim: claim).map(pods.contains) ?? false
    }
}
