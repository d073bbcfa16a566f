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
        lines.append(style.bold("→ \(counts.isEmpty ? "no bug of this status" : counts.joined(separator: ", "))"))
        return lines.joined(separator: "\n") + "\n"
    }

    private func render(_ verdict: BugVerdict) -> [String] {
        let head = "\(mark(verdict.status)) \(pad(verdict.id, to: 19))"
        let subject = verdict.commit.map { "\($0) (\"\(verdict.title)\")" } ?? "\"\(verdict.title)\""
        let record = verdict.record.map { ["    \(style.faint("on record"))  \(safeText($0))"] } ?? []
        switch verdict.status {
        case .affected, .likelyAffected, .inconclusive:
            let word = verdict.status == .affected ? "" : "\(name(verdict.status)): "
            return [
                "\(head)  \(word)\(verdict.symptom)",
                "    \(style.faint(verdict.status == .affected ? "proven by" : "because"))  \(safeText(verdict.how))",
            ] + record + ["    \(style.faint("upstream"))  \(subject); \(verdict.window)"]
        case .likelyFixed, .likelyNotApplicable, .fixed, .notApplicable:
            let word = verdict.basis == .kernel ? "proven \(name(verdict.status))" : name(verdict.status)
            return ["\(head)  \(word): \(safeText(verdict.how))"] + record + ["    \(style.faint(subject))"]
        }
    }

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
