import UnstuckModel

/// Many findings, a few lines each: what is stuck and why. Findings of one code and severity are one paragraph. All facts,
/// what was ruled out and what to do is shown with `-v`, or for fewer findings.
struct BriefText {
    let style: Style

    /// Facts of one paragraph; of several findings one.
    private static let factsShown = 2
    /// Connections of one paragraph.
    private static let connectionsShown = 5
    /// Labels that a summary has said already, or that say less than the others.
    private static let dropped: Set<String> = [
        "owner", "certainty", "place", "sends via", "sent by", "sent again", "timer backed off", "entries", "server",
        "process",
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
        return order.flatMap { paragraph(groups[$0] ?? []) } + ["  (-v: all facts, connections, what was ruled out)"]
    }

    private func paragraph(_ findings: [Finding]) -> [String] {
        let finding = findings[0]
        let text = FindingText(style: style, isVerbose: false)
        let facts = finding.evidence.filter { !Self.dropped.contains($0.label) }
            .prefix(findings.count > 1 ? 1 : Self.factsShown)
        var lines = text.heading(finding, Self.brief(finding.summary))
        let connections = connections(findings)
        let width = max(facts.map(\.label.count).max() ?? 0, connections == nil ? 0 : 4)
        for fact in facts { lines += text.lines(fact.label, safeText(fact.text), width) }
        if let connections { lines += text.lines("also", connections, width) }
        return lines
    }

    /// Without the time, which is about the same for all.
    private static func brief(_ summary: String) -> String {
        guard let cut = summary.firstRange(of: ", for at least ") else { return summary }
        return String(summary[..<cut.lowerBound])
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
