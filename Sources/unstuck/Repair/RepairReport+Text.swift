import UnstuckModel
import UnstuckOperations
import UnstuckRender

extension RepairReport {
    /// What was done.
    func text(_ style: Style) -> String {
        var lines: [String] = []
        let deleted = deletions.count { $0.outcome == "deleted" }
        let isWhole = deleted == deletions.count
        lines += style.marked(
            isWhole ? "✓" : "!", "deleted \(deleted) of \(pluralized(deletions.count, "stale entry", "stale entries"))"
        ).map(isWhole ? style.green : style.yellow)
        for reset in resets {
            lines +=
                reset.failure.map {
                    style.marked("✗", "reset of \(reset.connection): \(safeText($0))").map(style.red)
                } ?? style.marked("✓", "reset \(reset.connection) and deleted its own entries").map(style.green)
        }
        let left = deletions.filter { $0.outcome != "deleted" }
        for step in left.prefix(20) {
            lines += style.marked("!", "\(step.claim): \(safeText(step.detail))").map(style.yellow)
        }
        if left.count > 20 { lines += style.marked("!", "… and \(left.count - 20) more").map(style.yellow) }
        if plan.beyondLimit > 0 {
            lines += style.marked(
                "!", "\(plan.beyondLimit) left beyond --limit \(caps.limit); run again to delete them"
            )
            .map(style.yellow)
        }
        if skipped > 0 {
            let entries = pluralized(skipped, "stale entry was", "stale entries were")
            lines += style.marked("!", "\(entries) skipped (above)").map(style.yellow)
        }
        if let interrupted {
            lines += style.marked("!", "interrupted by \(interrupted); run again to resume").map(style.yellow)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
