import UnstuckModel

/// The block at the end: the repairs to run, with every flag that is needed, and what they would do.
struct RunThisText {
    let style: Style

    func lines(_ findings: [Finding]) -> [String] {
        let repairs = repairs(findings)
        guard !repairs.isEmpty else { return [] }
        return ["", "run this:"] + repairs.flatMap { lines($0.arguments(applies: false).map(shellWord), comment($0)) }
    }

    /// One run for all findings that a repair fixes; others for what an iterator does not show, and for what takes unread
    /// bytes with it: nobody should lose bytes for the sake of another finding.
    private func repairs(_ findings: [Finding]) -> [PlannedRepair] {
        var merged: [Set<RepairOption>: PlannedRepair] = [:]
        for repair in findings.flatMap(\.remedies).compactMap(\.repair) {
            let kind = repair.options.intersection([.withoutIterator, .discardUnread])
            if (merged[kind]?.formUnion(repair)) == nil { merged[kind] = repair }
        }
        return merged.sorted { $0.key.sorted().lexicographicallyPrecedes($1.key.sorted()) }.map(\.value)
    }

    private func comment(_ repair: PlannedRepair) -> String {
        var comment = "dry run: would delete \(pluralized(repair.entries.count, "stale entry", "stale entries"))"
        if repair.options.contains(.discardUnread) { comment += " with their unread bytes" }
        if !repair.resets.isEmpty { comment += ", reset \(pluralized(repair.resets.count, "connection"))" }
        return comment + "; no live entry is touched; --apply carries it out"
    }

    /// A command that does not fit a line goes on behind a backslash, as a shell takes it.
    private func lines(_ words: [String], _ comment: String) -> [String] {
        let begin = "    "
        let command = safeText(words.joined(separator: " "))
        var parts = Paragraph(width: style.width - 2, indent: begin.count + 4).lines(command, begun: begin.count)
        for index in parts.indices.dropLast() { parts[index] += " \\" }
        parts[0] = begin + parts[0]
        let whole = parts[0] + "  # " + comment
        if parts.count == 1, whole.count <= style.width {
            return [style.bold(parts[0]) + style.faint("  # " + comment)]
        }
        let comments = Paragraph(width: style.width - begin.count - 2, indent: 0)
            .lines(style.characters.shown(comment), begun: 0)
        return comments.map { style.faint(begin + "# " + $0) } + parts.map(style.bold)
    }
}
