import UnstuckModel

/// `path.neighbour`: what a namespace sends is not acknowledged, and the next hop's neighbour entry is wrong: nobody answered
/// for the address (FAILED), or its hardware address is not that of the interface at the other end of the veth pair.
struct NeighbourRule: ConnectionRule {
    let codes: [Finding.Code] = [.neighbour]
    let after: [Finding.Code] = [.overflow, .zeroWindow]
    let needs: Set<Need> = [.links]

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        guard let sender = stuck.lossySender(view) else { return .notApplicable }
        guard stuck.causes.isEmpty else { return .notApplicable }
        let netns = sender.socket.netns
        guard view.links.isKnown(netns) else { return .unknown("the neighbour entries of network namespace \(netns)") }
        let hops = view.links.nextHops(to: sender.socket.tuple.remote.address, from: netns)
        for hop in hops {
            guard let fault = fault(of: hop, view.links) else { continue }
            let link = view.links.link(netns, hop.linkIndex)?.name ?? "\(hop.linkIndex)"
            return .present(
                Cause(
                    code: .neighbour, severity: .critical,
                    headline: "stuck: the neighbour entry of \(hop.address) is wrong", group: "\(netns) \(hop.address)",
                    facts: [
                        Fact("neighbour", "\(hop.address) dev \(Label.safe(link)) \(fault)"),
                        Fact("network namespace", "\(netns)"), Fact("sent again", count: sender.retransmits),
                    ].compactMap { $0 },
                    remedy:
                        "find what set it (the CNI plugin?): ip neigh show \(hop.address)"
                ))
        }
        guard let right = hops.first(where: { isRight($0, view.links) }) else { return .notApplicable }
        return .excluded(by: "the entry of \(right.address) is the peer's")
    }

    /// Compared with the interface at the other end, and equal.
    private func isRight(_ hop: Neighbour, _ links: LinkIndex) -> Bool {
        guard let link = links.link(hop.netns, hop.linkIndex), let expected = links.peer(of: link)?.hardwareAddress
        else {
            return false
        }
        return hop.hardwareAddress == expected
    }

    private func fault(of hop: Neighbour, _ links: LinkIndex) -> String? {
        if hop.state.contains(.failed) { return "FAILED: no host answers for it" }
        guard let link = links.link(hop.netns, hop.linkIndex), let peer = links.peer(of: link),
            // Behind a bridge any address may be right.
            peer.master == nil, let expected = peer.hardwareAddress, let address = hop.hardwareAddress,
            address != expected
        else { return nil }
        let state = hop.state.contains(.permanent) ? "PERMANENT " : ""
        return "lladdr \(address) \(state)but the other end is \(expected)"
    }
}
