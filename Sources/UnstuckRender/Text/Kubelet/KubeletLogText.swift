import UnstuckModel

/// The failed probes of a kubelet's log, those that may be of a stuck connection first.
struct KubeletLogText {
    let style: Style
    let isVerbose: Bool

    /// Rows for one reason, without `-v`.
    private static let shown = 20

    func lines(_ log: KubeletLog, name: String) -> [String] {
        var head =
            "\(safeText(name)): \(pluralized(log.lines, "line")), \(pluralized(log.failures, "failed probe")): "
            + "\(pluralized(log.count(.candidate), "candidate")) for a stuck connection, \(log.count(.weak)) weak, "
            + "\(log.count(.not)) not"
        var more: [String] = []
        if log.cutLines > 0 {
            more.append(
                "\(pluralized(log.cutLines, "line")) read to \(KubeletLog.longestLine >> 10) KiB only")
        }
        if log.notUnderstood > 0 { more.append("\(pluralized(log.notUnderstood, "line")) about probes not understood") }
        if log.ungrouped > 0 { more.append("\(pluralized(log.ungrouped, "failure")) of further pods not listed") }
        if !more.isEmpty { head += "; " + more.joined(separator: "; ") }
        var lines = Paragraph(width: style.width, indent: 2).lines(style.characters.shown(head), begun: 0)
        lines[0] = style.bold(lines[0])
        for suspicion in ProbeFailureCause.Suspicion.allCases.reversed() {
            let groups = log.groups.filter { $0.key.suspicion == suspicion }
            var reasons: [String] = []
            for group in groups where !reasons.contains(group.key.reason) { reasons.append(group.key.reason) }
            for reason in reasons { lines += section(suspicion, reason, groups.filter { $0.key.reason == reason }) }
        }
        return lines
    }

    private func section(
        _ suspicion: ProbeFailureCause.Suspicion, _ reason: String, _ groups: [ProbeFailureGroup]
    ) -> [String] {
        let heading = style.characters.shown("\(suspicion.rawValue): \(reason)")
        let shown = isVerbose ? groups[...] : groups.prefix(Self.shown)
        let left = groups.count - shown.count
        var lines =
            [""]
            + Paragraph(width: style.width, indent: 2).lines(heading, begun: 0)
            .map { suspicion == .candidate ? style.yellow($0) : $0 }
        lines += Table(columns: columns(Array(shown))).lines(style, indent: 2)
        if left > 0 { lines.append("  and \(left) more (-v)") }
        if isVerbose {
            for group in shown {
                lines += style.labelled("line \(group.example.line)", safeText(group.example.output), to: 10, margin: 2)
            }
        }
        return lines
    }

    private func columns(_ groups: [ProbeFailureGroup]) -> [Table.Column] {
        [
            .init(title: "pod", cells: groups.map { safeText($0.key.pod ?? "?") }),
            .init(title: "probe", cells: groups.map { $0.key.kind?.rawValue ?? "?" }),
            .init(title: "target", cells: groups.map(target)),
            .init(title: "failed", isNumber: true, cells: groups.map { "\($0.count)" }),
            .init(title: "/min", isNumber: true, cells: groups.map { $0.perMinute.map(Self.rate) ?? "" }),
            .init(title: "first", cells: groups.map { $0.first.map { "\($0)" } ?? "" }),
            .init(title: "last", cells: groups.map { $0.last.map { "\($0)" } ?? "" }),
            .init(title: "container", cells: groups.map { safeText($0.key.container ?? "") }),
            .init(title: "kubelet", cells: groups.map(\.key.result.word)),
        ]
    }

    private func target(_ group: ProbeFailureGroup) -> String {
        if let target = group.key.target { return "\(target)" }
        return safeText(String((group.example.cause.url ?? "").prefix(80)))
    }

    /// `0.5`, `12`; three digits say enough.
    private static func rate(_ perMinute: Double) -> String {
        let tenths = Int(min(perMinute * 10, 1e9).rounded())
        return tenths >= 100 || tenths % 10 == 0 ? "\(max(tenths / 10, 0))" : "\(tenths / 10).\(tenths % 10)"
    }
}

extension ProbeFailure.Result {
    /// Only what is no plain failure needs saying.
    fileprivate var word: String {
        switch self {
        case .failure: ""
        case .errored: "errored: thrown away"
        case .warning: "warning: passes"
        }
    }
}
