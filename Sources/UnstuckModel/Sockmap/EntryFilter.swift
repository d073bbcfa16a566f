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
        takes(entry.key, claim, state) {
            [index?.pod(of: entry, claim: claim), index?.uid(of: entry, claim: claim)]
        }
    }

    /// As ``takes(_:_:_:)-(SockmapEntry,_,_)``, of a key whose socket is not known.
    public func takes(_ key: SockmapKey, _ claim: FourTuple?, _ state: EntryState) -> Bool {
        takes(key, claim, state) { [claim.flatMap { index?.pod(at: $0.local.address) }] }
    }

    private func takes(_ key: SockmapKey, _ claim: FourTuple?, _ state: EntryState, pods wanted: () -> [String?])
        -> Bool
    {
        guard states.isEmpty || states.contains(state), keys.isEmpty || keys.contains(key) else { return false }
        if !addresses.isEmpty || !ports.isEmpty {
            guard let claim else { return false }
            let ends = [claim.local, claim.remote]
            guard addresses.isEmpty || ends.contains(where: { addresses.contains($0.address) }),
                ports.isEmpty || ends.contains(where: { ports.contains($0.port) })
            else { return false }
        }
        return pods.isEmpty || wanted().contains { $0.map(pods.contains) ?? false }
    }
}
