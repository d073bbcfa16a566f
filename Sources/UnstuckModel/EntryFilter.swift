/// Chooses entries: those that fit every criterion that was given, with any of its values. An empty set of what is wanted
/// takes every entry.
public struct EntryFilter: Sendable {
    public var states: Set<EntryState>
    /// Labels, as ``Pod/label``, or uids.
    public var pods: Set<String>
    public var keys: Set<SockmapKey>
    /// An entry is taken if its key names one of them, on either side.
    public var addresses: Set<IPAddress>
    public var ports: Set<UInt16>
    /// Names the entries' pods; without it no entry has one.
    public var index: PodIndex?

    public init(
        states: Set<EntryState> = [], pods: Set<String> = [], keys: Set<SockmapKey> = [],
        addresses: Set<IPAddress> = [], ports: Set<UInt16> = [], index: PodIndex? = nil
    ) {
        self.states = states
        self.pods = pods
        self.keys = keys
        self.addresses = addresses
        self.ports = ports
        self.index = index
    }

    public func takes(_ entry: SockmapEntry, _ claim: FourTuple?, _ state: EntryState) -> Bool {
        guard states.isEmpty || states.contains(state), keys.isEmpty || keys.contains(entry.key) else { return false }
        if !addresses.isEmpty || !ports.isEmpty {
            guard let claim else { return false }
            let ends = [claim.local, claim.remote]
            guard addresses.isEmpty || ends.contains(where: { addresses.contains($0.address) }),
                ports.isEmpty || ends.contains(where: { ports.contains($0.port) })
            else { return false }
        }
        guard !pods.isEmpty else { return true }
        return [index?.pod(of: entry, claim: claim), index?.uid(of: entry, claim: claim)].contains {
            $0.map(pods.contains) ?? false
        }
    }
}
