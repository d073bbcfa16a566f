import UnstuckModel

/// A plan as a person reads it before anything happens.
public struct PlanText {
    private let style: Style
    /// Entries shown one by one before the rest is counted.
    private let shown: Int

    /// - Parameter isVerbose: list every entry, not the first twenty.
    public init(style: Style, isVerbose: Bool = false) {
        self.style = style
        shown = isVerbose ? .max : 20
    }

    /// - Parameters:
    ///   - isBlind: part of the node could not be seen.
    ///   - unfixable: findings that no repair fixes.
    public func render(_ plan: Plan, isBlind: Bool = false, unfixable: Int = 0) -> String {
        var lines: [String] = []
        if plan.isEmpty, plan.refusals.isEmpty {
            lines +=
                isBlind
                ? style.marked("?", "nothing to repair in what could be seen").map(style.yellow)
                : !plan.undecided.isEmpty
                    ? style.marked("!", "nothing is repaired: every entry needs a decision (below)").map(style.yellow)
                    : unfixable > 0
                        ? style.marked("!", "nothing that repair can fix").map(style.yellow)
                        : style.marked("✓", "nothing to repair" + (plan.notSelected > 0 ? " in what was selected" : ""))
                            .map(style.green)
        } else if !plan.isEmpty {
            lines += style.paragraph(summary(plan)).map(style.bold)
        }
        lines += resets(plan) + deletions(plan) + undecided(plan)
        if plan.notSelected > 0 {
            lines += style.paragraph(
                "\(pluralized(plan.notSelected, "stale entry", "stale entries")) not selected", margin: 2)
        }
        for caution in plan.cautions { lines += style.marked("!", safeText(caution)).map(style.yellow) }
        for refusal in plan.refusals { lines += style.marked("✗", "refused: \(safeText(refusal))").map(style.red) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func summary(_ plan: Plan) -> String {
        "plan: delete \(pluralized(plan.deletions.count, "stale entry", "stale entries"))"
            + (plan.resets.isEmpty ? "" : ", reset \(pluralized(plan.resets.count, "connection")) that lost bytes")
            + "; no live entry is touched"
    }

    private func resets(_ plan: Plan) -> [String] {
        guard !plan.resets.isEmpty else { return [] }
        return style.paragraph("reset, both ends; then delete what their own sockets leave in the map:", margin: 2)
            + Table(columns: [
                .init(title: "connection", cells: plan.resets.map { "\($0.connection)" }),
                .init(title: "ends", isNumber: true, cells: plan.resets.map { "\($0.ends.count)" }),
                .init(title: "entries", isNumber: true, cells: plan.resets.map { "\($0.entries.count)" }),
            ]).lines(style, indent: 4)
    }

    /// What is alike, by map, state and reason, is one table.
    private struct Kind: Hashable {
        var map: UInt32
        var mapName: String
        var state: EntryState
        var reason: String
    }

    private func deletions(_ plan: Plan) -> [String] {
        let groups = grouped(plan.deletions.prefix(shown)) {
            Kind(map: $0.entry.map, mapName: $0.mapName, state: $0.state, reason: $0.reason)
        }
        var lines = groups.flatMap { kind, deletions -> [String] in
            style.paragraph(
                "delete from sockmap \(kind.map) \"\(safeText(kind.mapName))\", \(kind.state.rawValue), "
                    + "\(safeText(kind.reason)):", margin: 2) + table(deletions)
        }
        let left = plan.deletions.count - shown
        if left > 0 { lines += style.paragraph("… and \(left) more (-v)", margin: 4) }
        guard !plan.resets.isEmpty || plan.deletions.contains(where: { $0.state != .unseen }) else { return lines }
        return lines
            + style.paragraph(
                "each is checked again just before, deleted only if it is the same dead socket, and verified afterwards",
                margin: 2
            ).map(style.faint)
    }

    private func table(_ deletions: [Plan.Deletion]) -> [String] {
        let sorted = deletions.sorted { $0.claim < $1.claim }
        let isClaimed = sorted.contains { $0.unreadBytes > 0 && $0.claimant != nil }
        let lines = Table(columns: [
            .init(title: "entry", cells: sorted.map { "\($0.claim.local) <- \($0.claim.remote)" }),
            .init(title: "unread", isNumber: true, cells: sorted.map { $0.unreadBytes > 0 ? "\($0.unreadBytes)" : "" }),
            .init(title: "pod", cells: sorted.map { safeText($0.pod ?? "") }),
        ]).lines(style, indent: 4)
        guard sorted.contains(where: { $0.unreadBytes > 0 }) else { return lines }
        return lines
            + style.paragraph(
                "unread bytes are deleted with their entry"
                    + (isClaimed ? " (possibly those of the stuck connection: see sockmap.disclosure)" : ""), margin: 4
            ).map(style.faint)
    }

    private func undecided(_ plan: Plan) -> [String] {
        let groups = grouped(plan.undecided.prefix(shown)) { undecided in
            Kind(map: undecided.entry.map, mapName: undecided.mapName, state: .unknown, reason: undecided.reason)
        }
        var lines = groups.flatMap { kind, entries -> [String] in
            style.marked(
                "?",
                "skipped: \(pluralized(entries.count, "entry", "entries")) of sockmap \(kind.map) "
                    + "\"\(safeText(kind.mapName))\": \(safeText(kind.reason))"
            ).map(style.yellow)
                + entries.map { "    " + ($0.claim.map { "\($0.local) <- \($0.remote)" } ?? "key \($0.entry.key)") }
                .sorted()
        }
        let left = plan.undecided.count - shown
        if left > 0 { lines += style.marked("?", "… and \(left) more skipped (-v)").map(style.yellow) }
        return lines
    }

    /// In the order in which the first of each kind comes.
    private func grouped<Value>(
        _ values: some Collection<Value>, by kind: (Value) -> Kind
    ) -> [(kind: Kind, values: [Value])] {
        var groups: [(kind: Kind, values: [Value])] = []
        var places: [Kind: Int] = [:]
        for value in values {
            let own = kind(value)
            if let place = places[own] {
                groups[place].values.append(value)
            } else {
                places[own] = groups.count
                groups.append((own, [value]))
            }
        }
        return groups
    }
}
