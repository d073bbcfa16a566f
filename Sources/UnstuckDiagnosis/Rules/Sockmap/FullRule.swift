import UnstuckModel

/// `sockmap.full`: every place of a map is taken, so new connections are refused by it (E2BIG) and go through the stack:
/// healthy, and no longer accelerated. Leaked entries fill a map in the end; so does a map that is simply too small.
struct FullRule: NodeRule {
    let codes: [Finding.Code] = [.full]

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        var verdicts: [Verdict<Finding>] = []
        // An array of a fixed size is full when its owner fills it: that is its business.
        for map in view.now.sockmaps where map.kind == .sockhash && map.maxEntries > 0 {
            let states = view.sockmaps.states(in: map.id)
            guard states.count >= map.maxEntries else { continue }
            let dead = states.count { $0.isDead || $0 == .unseen }
            verdicts.append(
                .present(
                    Finding(
                        code: .full, severity: .note, isRepairable: dead > 0,
                        summary: "\(Label.map(map)) is full: \(states.count) of \(map.maxEntries) entries",
                        evidence: [
                            .init("stale", "\(dead) of them (\(Label.share(dead, of: states.count)))"),
                            .init("effect", "new connections are not accelerated"),
                        ],
                        remedy: dead > 0 ? "" : "no stale entries: the accelerator needs a larger map",
                        subject: .init(map: map.id))))
        }
        return verdicts
    }
}
