import UnstuckModel
import UnstuckOperations
import UnstuckRender

extension RepairReport {
    /// What was done.
    func text(_ style: Style) -> String {
        var lines: [String] = []
        let deleted = deletions.count { $0.outcome == "deleted" }
        lines.append(
            (deleted == deletions.count ? style.green("✓") : style.yellow("!"))
                + " deleted \(deleted) of \(deletions.count) stale \(deletions.count == 1 ? "entry" : "entries")")
        for reset in resets {
            lines.append(
                reset.failure.map { style.red("✗ reset of \(reset.connection): \(safeText($0))") }
                    ?? style.green("✓ reset \(reset.connection) and deleted its own entries"))
        }
        let left = deletions.filter { $0.outcome != "deleted" }
        for step in left.prefix(20) { lines.append(style.yellow("! \(step.claim): \(safeText(step.detail))")) }
        if left.count > 20 { lines.append(style.yellow("! … and \(left.count - 20) more")) }
        if plan.beyondLimit > 0 {
            lines.append(
                style.yellow("! \(plan.beyondLimit) left beyond --limit \(caps.limit); run again to delete them"))
        }
        if skipped > 0 {
            lines.append(
                style.yellow("! \(pluralized(skipped, "stale entry was", "stale entries were")) skipped (above)"))
        }
        if let interrupted { lines.append(style.yellow("! interrupted by \(interrupted); run again to resume")) }
        return lines.joined(separator: "\n") + "\n"
    }
}
