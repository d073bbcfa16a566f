import UnstuckModel

/// Links and neighbours of the namespaces that were asked about.
struct LinkIndex: Sendable {
    private let links: [UInt32: [Link]]
    private let neighbours: [UInt32: [Neighbour]]

    init(_ sample: Snapshot) {
        links = Dictionary(grouping: sample.links ?? [], by: \.netns)
        neighbours = Dictionary(grouping: sample.neighbours ?? [], by: \.netns)
    }

    /// Whether a namespace's links were read.
    func isKnown(_ netns: UInt32) -> Bool { links[netns] != nil }

    func link(_ netns: UInt32, _ index: UInt32) -> Link? { links[netns]?.first { $0.index == index } }

    /// The other end of a veth pair, where its namespace was read.
    func peer(of link: Link) -> Link? {
        guard link.kind == "veth", let netns = link.peerNetns, let index = link.peerIndex else { return nil }
        return self.link(netns, index)
    }

    /// A namespace, and those to which its veth pairs lead, as far as its links are known.
    func reach(from netns: UInt32) -> Set<UInt32> {
        Set([netns] + (links[netns] ?? []).compactMap { $0.kind == "veth" ? $0.peerNetns : nil }).subtracting([0])
    }

    /// What packets of a namespace to an address are handed to: the address's own entry, or, where the namespace has one way
    /// out, the only entry there, or those that were set by hand. Which of several is the gateway's is not known (routes are not
    /// read), and one that nobody answers for may be any host that is off.
    func nextHops(to address: IPAddress, from netns: UInt32) -> [Neighbour] {
        let all = neighbours[netns] ?? []
        let own = all.filter { $0.address == address }
        guard own.isEmpty else { return own }
        let ways = (links[netns] ?? []).filter { $0.isUp && $0.name != "lo" }
        guard ways.count == 1 else { return [] }
        let entries = all.filter {
            $0.linkIndex == ways[0].index && $0.address.isV4 == address.isV4 && !$0.state.contains(.noARP)
        }
        return entries.count == 1 ? entries : entries.filter { $0.state.contains(.permanent) }
    }
}
