import UnstuckModel

/// Says what could not be judged: an honest *unknown* in the place of a silent *fine*.
struct CoverageRule: Rule {
    func judge(_ view: NodeView, _ report: inout Report) {
        for shortfall in view.now.shortfalls {
            report.unknown.append("could not \(shortfall.action): needs \(shortfall.missing)")
        }
        for map in view.now.sockmaps {
            guard let decision = view.layouts[map.id], decision.layout == nil else { continue }
            let judged = view.entries(of: map.id).filter { $0.state == .undecodable }
            guard !judged.isEmpty else { continue }
            let dead = judged.count { $0.entry.resident.residentState.isDead }
            report.unknown.append(
                "\(Label.map(map)): \(judged.count) entries are not decodable (\(decision.evidence))"
                    + (dead > 0 ? "; \(dead) of them look dead, and are left alone" : ""))
        }
    }
}
