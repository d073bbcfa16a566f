import UnstuckModel

/// Says what could not be read or evaluated: an honest *unknown* in the place of a silent *fine*.
struct CoverageRule: NodeRule {
    let codes: [Finding.Code] = []

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        let coverage = view.now.coverage
        var unknown = coverage.reasons.filter { !$0.evidence.isOnDemand }.map {
            "\($0)"
        }
        unknown += Evidence.necessary.filter { coverage.answer($0) == .notCollected }.map {
            "\($0.rawValue) were not collected"
        }
        unknown += ofWalks(view)
        for map in view.now.sockmaps where map.walk == nil {
            guard let decision = view.sockmaps.layouts[map.id], decision.layout == nil else { continue }
            let checked = view.sockmaps.entries(of: map.id).filter { $0.state == .undecodable }
            guard !checked.isEmpty else { continue }
            let dead = checked.count { $0.entry.socket.liveness.isDead }
            unknown.append(
                "\(Label.map(map)): \(checked.count) entries are not decodable (\(decision.evidence))"
                    + (dead > 0 ? "; \(dead) of them look stale; skipped" : ""))
        }
        return unknown.map { .unknown($0) }
    }

    /// Of maps whose keys were walked.
    private func ofWalks(_ view: NodeView) -> [String] {
        var unknown: [String] = []
        for map in view.now.sockmaps where map.walk != nil {
            let keys = view.sockmaps.walked.filter { $0.map.id == map.id }
            let undecodable = keys.count { $0.state == .undecodable }
            if undecodable > 0 {
                let evidence = view.sockmaps.layouts[map.id]?.evidence ?? ""
                unknown.append("\(Label.map(map)): \(undecodable) keys are not decodable (\(evidence))")
            }
            let unnamed = keys.count { $0.state == .unknown }
            if unnamed > 0 {
                unknown.append(
                    "\(Label.map(map)): of \(unnamed) keys no socket was seen: inconclusive, because not every table was "
                        + "read completely, or they came and went, or their far end is on this node")
            }
            let shared = keys.filter { $0.namespaces.count > 1 }
            if let first = shared.first, let claim = first.claim {
                unknown.append(
                    "\(Label.map(map)): \(shared.count) keys name sockets of more than one network namespace (\(claim.local) "
                        + "<- \(claim.remote): \(first.namespaces.map(String.init).joined(separator: ", "))); which of them is "
                        + "in the map is unknown")
            }
        }
        return unknown
    }
}
