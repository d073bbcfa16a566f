import UnstuckModel

/// One finding: what is wrong, the facts that prove it, its connections, and what to do.
struct FindingText {
    let style: Style
    /// All connections, all that was ruled out, and every remedy.
    let isVerbose: Bool

    /// Causes ruled out that are shown without `-v`.
    private static let ruledOutShown = 3
    /// Columns before a label.
    private static let margin = 4

    func lines(_ finding: Finding) -> [String] {
        var facts = finding.evidence.map { (label: $0.label, text: safeText($0.text)) }
        let shown = isVerbose ? finding.ruledOut[...] : finding.ruledOut.prefix(Self.ruledOutShown)
        if !shown.isEmpty {
            let left = finding.ruledOut.count - shown.count
            facts.append(
                (
                    "ruled out",
                    (shown.map(safeText) + (left > 0 ? ["\(left)\u{A0}more\u{A0}(-v)"] : [])).joined(separator: " · ")
                ))
        }
        facts.append(("to do", safeText(finding.remedy)))
        facts += others(finding)
        let width = facts.map { style.characters.shown($0.label).count }.max() ?? 0
        return heading(finding) + facts.flatMap { lines($0.label, $0.text, width) }
            + ConnectionTable(style: style, isVerbose: isVerbose).lines(finding.connections ?? [], indent: Self.margin)
    }

    /// `✗ stuck: …                 app.stopped`
    func heading(_ finding: Finding, _ summary: String? = nil) -> [String] {
        let code = safeText(finding.code.rawValue)
        let text = style.characters.shown(safeText(summary ?? finding.summary))
        let paragraph = Paragraph(width: style.width, indent: 2, reserved: code.count + 2)
        var lines = paragraph.lines(text, begun: 2)
        let filler = String(repeating: " ", count: max(2, style.width - 2 - lines[0].count - code.count))
        lines[0] = "\(mark(finding.severity)) \(lines[0])\(filler)\(style.faint(style.characters.shown(code)))"
        return lines
    }

    private func mark(_ severity: Finding.Severity) -> String {
        switch severity {
        case .critical: style.red(style.characters.shown("✗"))
        case .warning: style.yellow("!")
        case .note: style.faint(style.characters.shown("·"))
        }
    }

    func lines(_ label: String, _ text: String, _ width: Int) -> [String] {
        style.labelled(label, text, to: width, margin: Self.margin)
    }

    /// Remedies beside the repair, whose command is shown at the end (``RunThisText``).
    private func others(_ finding: Finding) -> [(label: String, text: String)] {
        let others = finding.remedies.filter { $0.kind != .repair }
        guard isVerbose else {
            let kinds = others.map(\.kind.rawValue)
            return kinds.isEmpty ? [] : [("or", kinds.joined(separator: ", ") + " (-v)")]
        }
        return others.flatMap { remedy -> [(label: String, text: String)] in
            let needs = remedy.needs.isEmpty ? "" : "; needs " + remedy.needs.joined(separator: ", ")
            let effect = safeText(
                remedy.effect + (remedy.tradeOff.isEmpty ? "" : "; trade-off: " + remedy.tradeOff) + needs)
            let texts = remedy.commands.map { safeText($0.text) } + [effect]
            return texts.enumerated().map { ($0.offset == 0 ? "or \(remedy.kind.rawValue)" : "", $0.element) }
        }
    }
}
