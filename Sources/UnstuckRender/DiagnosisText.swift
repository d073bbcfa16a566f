import UnstuckModel

/// A diagnosis as the engineer on call reads it.
public struct DiagnosisText {
    private let style: Style
    public init(style: Style) { self.style = style }

    /// - Parameter looks: the looks that were judged, oldest first.
    public func render(_ diagnosis: Diagnosis, looks: [Snapshot]) -> String {
        var lines = [header(diagnosis, looks), ""]
        for finding in diagnosis.findings { lines += render(finding) }
        if diagnosis.findings.isEmpty { lines.append(nothingFound(diagnosis)) }
        if !diagnosis.suspects.isEmpty {
            let count = diagnosis.suspects.count
            lines.append(
                style.yellow(
                    "? \(count) entr\(count == 1 ? "y looks" : "ies look") dead, seen once: closing sockets look like "
                        + "this for a moment; a second look some seconds later tells"))
        }
        for unknown in diagnosis.unknown { lines.append(style.yellow("? " + safeText(unknown))) }
        if !diagnosis.findings.isEmpty { lines.append(next(diagnosis)) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func nothingFound(_ diagnosis: Diagnosis) -> String {
        if !diagnosis.unknown.isEmpty { return style.yellow("? nothing was found in what could be seen") }
        if diagnosis.totals.sockmaps == 0 {
            return style.green("✓ there is no sockmap here that could make a connection hang")
                + "; if one hangs, its cause is another, which Unstuck does not look for"
        }
        return style.green(
            "✓ nothing is stuck" + (diagnosis.suspects.isEmpty ? ", and no entry waits to make it so" : ""))
    }

    private func header(_ diagnosis: Diagnosis, _ looks: [Snapshot]) -> String {
        let now = looks.last
        let totals = diagnosis.totals
        var parts = [
            style.bold(safeText(now?.host ?? "?")), "Linux \(safeText(now?.kernelRelease ?? "?"))",
            "\(counted(totals.sockets, "TCP socket")), \(counted(totals.sockmaps, "sockmap")), "
                + counted(totals.entries, "entry", "entries"),
        ]
        if let first = looks.first, let last = looks.last, looks.count > 1 {
            let seconds = Int((last.monotonic - first.monotonic).rounded())
            parts.append("looked \(looks.count == 2 ? "twice" : "\(looks.count) times"), \(seconds) s apart")
        } else {
            parts.append("looked once")
        }
        return parts.joined(separator: " · ")
    }

    private func render(_ finding: Finding) -> [String] {
        let mark = finding.severity == .critical ? style.red("✗") : style.yellow("!")
        var lines = ["\(mark) \(pad(safeText(finding.summary), to: 96))  \(style.faint(finding.code.rawValue))"]
        let width = max(10, finding.evidence.map(\.label.count).max() ?? 0)
        for fact in finding.evidence {
            lines.append("    \(style.faint(pad(fact.label, to: width)))  \(safeText(fact.text))")
        }
        if !finding.ruledOut.isEmpty {
            lines.append(
                "    \(style.faint(pad("ruled out", to: width)))  \(finding.ruledOut.joined(separator: " · "))")
        }
        lines.append("    \(style.faint(pad("remedy", to: width)))  \(safeText(finding.remedy))")
        // The sentence above is the repair; what else there is.
        for remedy in finding.remedies where remedy.kind != .repair {
            lines += render(remedy).map { "    \(style.faint(pad($0, to: width)))  \($1)" }
        }
        return lines
    }

    private func render(_ remedy: Remedy) -> [(label: String, text: String)] {
        let more = remedy.effect + (remedy.price.isEmpty ? "" : "; costs " + remedy.price)
        let label = "or \(remedy.kind.rawValue)"
        guard let first = remedy.commands.first else { return [(label, safeText(more))] }
        return [(label, style.bold(safeText(first)))]
            + remedy.commands.dropFirst().map { ("", style.bold(safeText($0))) } + [("", safeText(more))]
    }

    private func next(_ diagnosis: Diagnosis) -> String {
        let dead = Set(
            diagnosis.findings.filter { $0.code == .leaked || $0.code == .zombie }.flatMap(\.subject.entries)
        ).count
        let unseen = Set(diagnosis.findings.filter { $0.code == .unseen }.flatMap(\.subject.entries)).count
        if dead == 0, unseen > 0 {
            return style.bold("→ unstuck repair --without-iterator")
                + "  shows the plan for \(unseen) entr\(unseen == 1 ? "y" : "ies") that no socket was seen of"
        }
        let stuck = diagnosis.findings.count { $0.code == .misdirected && $0.subject.stage == .stuck }
        guard dead > 0 else { return style.bold("→ nothing here can be repaired from outside: see each remedy") }
        return style.bold("→ unstuck repair")
            + "  shows the plan for \(dead) dead entr\(dead == 1 ? "y" : "ies"); nothing live is touched"
            + (stuck > 0 ? "; add --reset-stuck for the \(stuck == 1 ? "one that hangs" : "\(stuck) that hang")" : "")
    }
}
