import UnstuckModel

/// Which dead entries a plan is about: those that fit every criterion that was given, with any of its values.
public struct Selection: Sendable {
    /// `namespace/name`, or a uid.
    public var pods: Set<String> = []
    public var states: Set<EntryState> = []
    public var keys: Set<SockmapKey> = []
    /// Of either end of what the key names.
    public var addresses: Set<IPAddress> = []
    public var ports: Set<UInt16> = []

    public init() {}

    func selects(_ entry: NodeView.JudgedEntry, in view: NodeView) -> Bool {
        func fits<Value: Hashable>(_ wanted: Set<Value>, _ values: @autoclosure () -> [Value]) -> Bool {
            wanted.isEmpty || values().contains(where: wanted.contains)
        }
        let ends = entry.claim.map { [$0.local, $0.remote] } ?? []
        return fits(states, [entry.state]) && fits(keys, [entry.entry.key]) && fits(addresses, ends.map(\.address))
            && fits(ports, ends.map(\.port)) && fits(pods, view.podNames(of: entry))
    }

    /// Pods that were asked for and are no pod of this node, nor of any entry.
    func unknownPods(in view: NodeView) -> [String] {
        guard !pods.isEmpty else { return [] }
        var known = Set(view.now.pods.flatMap { [$0.label, $0.uid] })
        for entry in view.entries { known.formUnion(view.podNames(of: entry)) }
        return pods.subtracting(known).sorted()
    }
}
