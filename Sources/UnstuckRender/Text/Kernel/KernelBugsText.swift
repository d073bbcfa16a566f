import UnstuckModel

/// `unstuck kernel bugs` as a person reads it: what the kernel has first, what it does not have last and in short.
public struct KernelBugsText {
    private let style: Style
    public init(style: Style) { self.style = style }

    public func render(_ verdicts: [BugVerdict]) -> String {
        var lines: [String] = []
        for status in BugStatus.allCases {
            for verdict in verdicts where verdict.status == status { lines += render(verdict) }
        }
        let counts = BugStatus.allCases.compactMap { status in
            let count = verdicts.count { $0.status == status }
            return count == 0 ? nil : "\(count) \(name(status))"
        }
        lines += style.marked("→", counts.isEmpty ? "no bug of this status" : counts.joined(separator: ", ")).map(
            style.bold)
        return lines.joined(separator: "\n") + "\n"
    }

    private func render(_ verdict: BugVerdict) -> [String] {
        let subject = verdict.commit.map { "\($0) (\"\(verdict.title)\")" } ?? "\"\(verdict.title)\""
        var lines: [String]
        switch verdict.status {
        case .affected, .likelyAffected, .inconclusive:
            let word = verdict.status == .affected ? "" : "\(name(verdict.status)): "
            lines = head(verdict, word + verdict.symptom)
            lines += row(verdict.status == .affected ? "proven by" : "because", verdict.how)
            if let record = verdict.record { lines += row("on record", record) }
            lines += row("upstream", "\(subject); \(verdict.window)")
        case .likelyFixed, .likelyNotApplicable, .fixed, .notApplicable:
            let word = verdict.basis == .kernel ? "proven \(name(verdict.status))" : name(verdict.status)
            lines = head(verdict, "\(word): \(verdict.how)")
            if let record = verdict.record { lines += row("on record", record) }
            lines += row("upstream", subject)
        }
        return lines
    }

    private func head(_ verdict: BugVerdict, _ text: String) -> [String] {
        let begun = 2 + Self.nameWidth + 2
        var lines = Paragraph(width: style.width, indent: begun).lines(
            style.characters.shown(safeText(text)), begun: begun)
        lines[0] = "\(style.characters.shown(mark(verdict.status))) \(pad(verdict.id, to: Self.nameWidth))  \(lines[0])"
        return lines
    }

    private func row(_ title: String, _ text: String) -> [String] {
        style.labelled(title, safeText(text), to: Self.titleWidth)
    }

    private static let nameWidth = 19
    private static let titleWidth = 9

    private func name(_ status: BugStatus) -> String {
        switch status {
        case .affected: "affected"
        case .likelyAffected: "likely affected"
        case .inconclusive: "inconclusive"
        case .likelyFixed: "likely fixed"
        case .likelyNotApplicable: "likely not applicable"
        case .fixed: "fixed"
        case .notApplicable: "not applicable"
        }
    }

    private func mark(_ status: BugStatus) -> String {
        switch status {
        case .affected: style.red("✗")
        case .likelyAffected, .inconclusive: style.yellow("?")
        case .likelyFixed, .likelyNotApplicable: style.yellow("✓")
        case .fixed, .notApplicable: style.green("✓")
        }
    }
}
