import UnstuckModel

/// A kubelet's log, and what the node shows now of its candidates.
public struct KubeletText {
    private let style: Style
    private let isVerbose: Bool

    /// - Parameter isVerbose: every row, kubelet's words, and all facts of findings.
    public init(style: Style, isVerbose: Bool = false) {
        self.style = style
        self.isVerbose = isVerbose
    }

    /// - Parameter name: of the log.
    public func log(_ log: KubeletLog, name: String) -> String {
        text(KubeletLogText(style: style, isVerbose: isVerbose).lines(log, name: name))
    }

    /// What was found for the candidates.
    ///
    /// - Parameters:
    ///   - findings: those about candidates.
    ///   - trials: probes that were made anew; `nil`: none were asked for.
    ///   - looks: the samples, oldest first.
    ///   - canProbe: the node itself was looked at, so that `--probe` would show more.
    public func lookups(
        _ lookups: [CandidateLookup], _ findings: [Finding], _ diagnosis: Diagnosis, trials: [CandidateTrial]?,
        looks: [Snapshot], canProbe: Bool
    ) -> String {
        var lines = ["", heading(looks)]
        for lookup in lookups { lines += self.lines(lookup, trials?.first { $0.target == lookup.target }) }
        let shown = findings.filter { isVerbose || $0.severity > .note }
        if !shown.isEmpty { lines.append("") }
        lines += shown.flatMap(FindingText(style: style, isVerbose: isVerbose).lines)
        let hasFound = lookups.contains { [.stuck, .unanswered, .atRisk].contains($0.verdict) }
        let isOpen = lookups.contains { $0.verdict == .inconclusive }
        if isOpen { lines += InconclusiveText(style: style).lines(diagnosis) }
        if !hasFound {
            lines.append("")
            let here = lookups.count { $0.verdict != .notHere }
            if isOpen {
                let sentence = "inconclusive: evidence about candidates is missing (above)"
                lines += style.marked("?", sentence).map(style.yellow)
            } else if here == 0 {
                let sentence =
                    "no candidate's address is on this node now: nothing was checked; run this on the node of these pods"
                lines += style.marked("·", sentence)
            } else {
                let sentence = "nothing is stuck or at risk now at \(pluralized(here, "candidate")) on this node"
                lines += style.marked("✓", sentence).map(style.green)
            }
            if canProbe, trials == nil {
                let hint =
                    "kubelet's probe lasts a second and is gone: with --probe it is made anew, and one that hangs is "
                    + "sampled while it does"
                lines += Paragraph(width: style.width, indent: 2).lines(hint, begun: 0)
            }
        }
        lines += RunThisText(style: style).lines(shown)
        return text(lines)
    }

    private func heading(_ looks: [Snapshot]) -> String {
        let last = looks.last
        let times =
            looks.count > 1
            ? "sampled twice, \(Int(((last?.monotonic ?? 0) - (looks.first?.monotonic ?? 0)).rounded())) s apart"
            : "sampled once"
        return style.bold(
            style.characters.shown("now on \(safeText(last?.host ?? "?")) · \(times)"))
    }

    private func lines(_ lookup: CandidateLookup, _ trial: CandidateTrial?) -> [String] {
        var parts: [String] = []
        if lookup.connections > 0 || lookup.verdict != .notHere {
            parts.append(
                pluralized(lookup.connections, "connection") + (lookup.stuck > 0 ? " (\(lookup.stuck) stuck)" : ""))
        }
        let entries = lookup.entries.values.reduce(0, +)
        if entries > 0 {
            let states = lookup.entries.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            parts.append(
                "\(pluralized(entries, "sockmap entry", "sockmap entries")) (\(states.joined(separator: ", ")))")
        }
        if let pod = lookup.podNow, !lookup.pods.contains(pod) {
            parts.append("the address is of \(safeText(pod)) now")
        }
        if let trial { parts.append(words(trial)) }
        let codes = Set(lookup.findings.map(\.rawValue)).sorted()
        if !codes.isEmpty { parts.append(codes.joined(separator: ", ")) }
        let pods = lookup.pods.isEmpty ? "?" : lookup.pods.prefix(3).map(safeText).joined(separator: ", ")
        let place = lookup.target.map { "\(pods) \($0)" } ?? pods
        let sentence = "\(lookup.verdict.words) \(place)" + (parts.isEmpty ? "" : ": " + parts.joined(separator: "; "))
        let mark = lookup.verdict.mark
        return style.marked(mark, sentence).map { line in
            switch lookup.verdict {
            case .stuck, .unanswered: style.red(line)
            case .atRisk, .inconclusive: style.yellow(line)
            case .nothing, .notHere: line
            }
        }
    }

    private func words(_ trial: CandidateTrial) -> String {
        let all = trial.passed + trial.failed + trial.unanswered
        guard all > 0 else { return "probe \(safeText(trial.output ?? "not tried"))" }
        var parts = ["\(trial.passed) passed"]
        if trial.failed > 0 {
            parts.append("\(trial.failed) failed (\(safeText(String((trial.output ?? "").prefix(200)))))")
        }
        if let seconds = trial.lateAfter {
            parts.append("\(trial.unanswered) answered after \(durationText(seconds)): slow")
        } else if trial.unanswered > 0 {
            parts.append("\(trial.unanswered) without an answer, kept open while it was sampled")
        }
        return "probed anew \(pluralized(all, "time")): \(parts.joined(separator: ", "))"
    }

    private func text(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }
}

extension CandidateLookup.Verdict {
    fileprivate var words: String {
        switch self {
        case .stuck: "stuck now:"
        case .unanswered: "no answer now, and no cause found:"
        case .atRisk: "at risk:"
        case .nothing: "nothing found:"
        case .inconclusive: "inconclusive:"
        case .notHere: "no socket or sockmap entry of this node has the address now:"
        }
    }

    fileprivate var mark: String {
        switch self {
        case .stuck, .unanswered: "✗"
        case .atRisk: "!"
        case .nothing, .notHere: "·"
        case .inconclusive: "?"
        }
    }
}
