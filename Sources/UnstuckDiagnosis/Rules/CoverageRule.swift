import UnstuckModel

/// Says what could not be judged: an honest *unknown* in the place of a silent *fine*.
struct CoverageRule: Rule {
    let codes: [Finding.Code] = []

    func evaluate(_ view: NodeView, _ report: inout Report) {
        for shortfall in view.now.shortfalls {
            report.unknown.append("could not \(shortfall.action): needs \(shortfall.missing)")
        }
        coverWalks(view, &report)
        for map in view.now.sockmaps where map.walk == nil {
            guard let decision = view.layouts[map.id], decision.layout == nil else { continue }
            let judged = view.entries(of: map.id).filter { $0.state == .undecodable }
            guard !judged.isEmpty else { continue }
            let dead = judged.count { $0.entry.resident.residentState.isDead }
            report.unknown.append(
                "\(Label.map(map)): \(judged.count) entries are not decodable (\(decision.evidence))"
                    + (dead > 0 ? "; \(dead) of them look dead, and are left alone" : ""))
        }
    }

    /// Of maps whose keys were walked.
    private func coverWalks(_ view: NodeView, _ report: inout Report) {
        for map in view.now.sockmaps where map.walk != nil {
            let keys = view.walked.filter { $0.map.id == map.id }
            let undecodable = keys.count { $0.state == .undecodable }
            if undecodable > 0 {
                let evidence = view.layouts[map.id]?.evidence ?? ""
                report.unknown.append("\(Label.map(map)): \(undecodable) keys are not decodable (\(evidence))")
            }
            let unknown = keys.count { $0.state == .unknown }
            if unknown > 0 {
                report.unknown.append(
                    "\(Label.map(map)): of \(unknown) keys no socket was seen, which proves nothing: not every table was "
                        + "read whole, or they came and went, or their far end is here")
            }
            let shared = keys.filter { $0.namespaces.count > 1 }
            if let first = shared.first, let claim = first.claim {
                report.unknown.append(
                    "\(Label.map(map)): \(shared.count) keys name sockets of more than one network namespace (\(claim.local) "
                        + "◄─ \(claim.remote): \(first.namespaces.map(String.init).joined(separator: ", "))); which of them is "
                        + "filed cannot be told")
            }
        }
    }
}
