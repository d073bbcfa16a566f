import UnstuckModel

/// Many findings, a few lines each: what is stuck and why. Findings of one code and severity are one paragraph. All facts,
/// what was ruled out and what to do is shown with `-v`, or for fewer findings.
struct BriefText {
    let style: Style

    /// Facts of one paragraph.
    private static let factsShown = 1
    /// Connections of one paragraph.
    private static let connectionsShown = 5
    /// Labels that a summary has said already, or that say less than the others.
    private static let dropped: Set<String> = [
        "owner", "certainty", "place", "sends via", "sent by", "sent again", "timer backed off", "entries", "server",
        "process", "lost", "listener", "client", "last byte arrived", "segments sent again in this namespace",
        "network namespace",
    ]

    private struct Kind: Hashable {
        var code: Finding.Code
        var severity: Finding.Severity
    }

    func lines(_ findings: [Finding]) -> [String] {
        var order: [Kind] = []
        var groups: [Kind: [Finding]] = [:]
        for finding in findings {
            let kind = Kind(code: finding.code, severity: finding.severity)
            if groups[kind] == nil { order.append(kind) }
            groups[kind, default: []].append(finding)
        }
        return order.flatMap { paragraph(groups[$0] ?? []) } + [
            "  (-v: all facts, what was ruled out, what to do)"
        ]
    }

    private func paragraph(_ findings: [Finding]) -> [String] {
        let finding = findings[0]
        let text = FindingText(style: style, isVerbose: false)
        let facts = finding.evidence.filter { !Self.dropped.contains($0.label) }
            .prefix(Self.factsShown)
        var lines = text.heading(finding, Self.brief(finding.summary))
        let connections = connections(findings)
        let width = max(
            facts.map(\.label.count).max() ?? 0, connections == nil ? 0 : 4, Self.remedy(findings) == nil ? 0 : 5)
        for fact in facts { lines += text.lines(fact.label, safeText(fact.text), width) }
        if let connections { lines += text.lines("also", connections, width) }
        if let remedy = Self.remedy(findings) { lines += text.lines("to do", safeText(remedy), width) }
        return lines
    }

    /// Without the time, which is about the same for all.
    private static func brief(_ summary: String) -> String {
        for time in [", for at least ", ", silent for "] {
            if let cut = summary.firstRange(of: time) { return String(summary[..<cut.lowerBound]) }
        }
        return summary
    }

    /// What to do about a cause beside the sockmaps, for the first; what to do about entries is in the block at the end.
    private static func remedy(_ findings: [Finding]) -> String? {
        let finding = findings[0]
        return finding.remedies.isEmpty && !finding.isRepairable && finding.severity != .note ? finding.remedy : nil
    }

    /// The connections that the summary does not name; `nil`: there are none.
    private func connections(_ findings: [Finding]) -> String? {
        let rows = findings[0].connections ?? []
        let tuples =
            findings.count > 1
            ? findings.dropFirst().map { other in
                let owner = other.subject.holders.first.map { "\($0.command)[\($0.pid)] " } ?? ""
                return other.subject.connection.map { "\(owner)\($0)" } ?? other.summary
            }
            : rows.count > 1 ? rows.map { "\($0.client)" } : []
        guard !tuples.isEmpty else { return nil }
        let left = tuples.count - Self.connectionsShown
        return tuples.prefix(Self.connectionsShown).map(safeText).joined(separator: ", ")
            + (left > 0 ? " and \(left) more" : "")
    }
}
