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
            lines.append(
                isBlind
                    ? style.yellow("? nothing to repair in what could be seen")
                    : plan.undecided.isEmpty && unfixable > 0
                        ? style.yellow("! nothing that repair can fix")
                        : plan.undecided.isEmpty
                            ? style.green("✓ nothing to repair" + (plan.notSelected > 0 ? " in what was selected" : ""))
                            : style.yellow("! nothing is repaired: every entry needs a decision (below)"))
        } else if !plan.isEmpty {
            lines.append(style.bold(summary(plan)))
        }
        for (index, reset) in plan.resets.enumerated() {
            lines.append(
                "  \(index + 1). reset \(reset.connection) (both ends), then delete what its own sockets leave in the map"
            )
        }
        for (index, deletion) in plan.deletions.prefix(shown).enumerated() {
            lines.append(
                "  \(plan.resets.count + index + 1). delete \(deletion.state.rawValue) entry of sockmap \(deletion.entry.map) "
                    + "\"\(safeText(deletion.mapName))\": \(deletion.claim.local) <- \(deletion.claim.remote)"
                    + (deletion.pod.map { " \(safeText($0))" } ?? ""))
            lines.append(style.faint("       \(safeText(deletion.reason))" + unread(deletion)))
        }
        if plan.deletions.count > shown { lines.append("     … and \(plan.deletions.count - shown) more (-v)") }
        if !plan.resets.isEmpty || plan.deletions.contains(where: { $0.state != .unseen }) {
            lines.append(
                style.faint(
                    "  each is checked again just before, deleted only if it is the same dead socket, and verified afterwards"
                ))
        }
        for undecided in plan.undecided.prefix(shown) {
            let claim = undecided.claim.map { "\($0.local) <- \($0.remote)" } ?? "\(undecided.entry.key)"
            lines.append(
                style.yellow("? skipped: \(claim) in sockmap \(undecided.entry.map): \(safeText(undecided.reason))"))
        }
        if plan.undecided.count > shown {
            lines.append(style.yellow("? … and \(plan.undecided.count - shown) more skipped (-v)"))
        }
        if plan.notSelected > 0 {
            lines.append("  \(plan.notSelected) stale entr\(plan.notSelected == 1 ? "y" : "ies") not selected")
        }
        for caution in plan.cautions { lines.append(style.yellow("! \(safeText(caution))")) }
        for refusal in plan.refusals { lines.append(style.red("✗ refused: \(safeText(refusal))")) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func summary(_ plan: Plan) -> String {
        let entries = plan.deletions.count
        let resets = plan.resets.count
        return "plan: delete \(entries) stale entr\(entries == 1 ? "y" : "ies")"
            + (resets > 0 ? ", reset \(resets) connection\(resets == 1 ? "" : "s") that lost bytes" : "")
            + "; no live entry is touched"
    }

    private func unread(_ deletion: Plan.Deletion) -> String {
        guard deletion.unreadBytes > 0 else { return "" }
        return "; \(deletion.unreadBytes) unread bytes go with it"
            + (deletion.claimant != nil ? " (possibly of the stuck connection: see sockmap.disclosure)" : "")
    }
}
