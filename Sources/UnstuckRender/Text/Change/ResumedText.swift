import UnstuckModel

/// What became of the steps of killed runs, for people.
public struct ResumedText {
    private let style: Style
    public init(style: Style) { self.style = style }

    /// One paragraph a run; nothing where nothing was left.
    public func render(_ steps: [ResumedStep]) -> String {
        var runs: [String] = []
        for step in steps where !runs.contains(step.run) { runs.append(step.run) }
        return runs.flatMap { run in
            let own = steps.filter { $0.run == run }
            let counts = ResumedStep.Verdict.allCases.compactMap { verdict in
                let count = own.count { $0.verdict == verdict }
                return count > 0 ? "\(count) \(words(verdict))" : nil
            }
            return style.marked(
                "!",
                "run \(safeText(String(run.prefix(64)))) was ended early and left \(pluralized(own.count, "step")) "
                    + "without a result: \(counts.joined(separator: ", "))"
            ).map(style.yellow)
        }.map { $0 + "\n" }.joined()
    }

    private func words(_ verdict: ResumedStep.Verdict) -> String {
        switch verdict {
        case .done: "done"
        case .undone: "still to do"
        case .changed: "changed by another writer"
        case .unknown: "not checked"
        case .otherBoot: "of another boot"
        }
    }
}
