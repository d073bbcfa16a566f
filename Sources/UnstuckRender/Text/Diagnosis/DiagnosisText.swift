import UnstuckModel

/// A diagnosis as the engineer on call reads it.
public struct DiagnosisText {
    private let style: Style
    private let isVerbose: Bool

    /// - Parameter isVerbose: list notes, every connection of a finding, all that was ruled out, and every remedy.
    public init(style: Style, isVerbose: Bool = false) {
        self.style = style
        self.isVerbose = isVerbose
    }

    /// - Parameter looks: the samples that were evaluated, oldest first.
    public func render(_ diagnosis: Diagnosis, looks: [Snapshot]) -> String {
        let shown = diagnosis.findings.filter { isVerbose || $0.severity > .note }
        let isBrief = !isVerbose && shown.count > Self.shownWhole
        var lines = header(diagnosis, looks) + [""]
        if isBrief {
            lines += BriefText(style: style).lines(shown)
        } else {
            let finding = FindingText(style: style, isVerbose: isVerbose)
            lines += shown.flatMap(finding.lines)
        }
        if !shown.isEmpty { lines.append("") }
        if !isVerbose { lines += notes(diagnosis) }
        lines += InconclusiveText(style: style).lines(diagnosis)
        lines += conclusion(diagnosis)
        lines += RunThisText(style: style).lines(shown)
        return lines.joined(separator: "\n") + "\n"
    }

    /// More findings than this are shown briefly without `-v`: who is stuck and why, on one screen.
    private static let shownWhole = 4

    /// `node-a · Linux 6.12 · 214 connections in 9 namespaces, 2 sockmaps, 398 entries · sampled twice, 3 s apart`
    private func header(_ diagnosis: Diagnosis, _ looks: [Snapshot]) -> [String] {
        let now = looks.last
        let totals = diagnosis.totals
        let namespaces =
            now.map { $0.namespaces.isEmpty ? "" : " in \(pluralized($0.namespaces.count, "namespace"))" } ?? ""
        let host = style.characters.shown(safeText(now?.host ?? "?"))
        var parts = [
            host, "Linux \(safeText(now?.kernelRelease ?? "?"))",
            pluralized(diagnosis.checked.connections, "connection") + namespaces + ", "
                + "\(pluralized(totals.sockmaps, "sockmap")), \(pluralized(totals.entries, "entry", "entries"))",
        ]
        if let first = looks.first, let last = looks.last, looks.count > 1 {
            let seconds = Int((last.monotonic - first.monotonic).rounded())
            parts.append("sampled \(looks.count == 2 ? "twice" : "\(looks.count) times"), \(seconds) s apart")
        } else {
            parts.append("sampled once")
        }
        var lines = Paragraph(width: style.width, indent: 2).lines(
            style.characters.shown(parts.joined(separator: " · ")), begun: 0)
        if let first = lines.first, first.hasPrefix(host) {
            lines[0] = style.bold(host) + first.dropFirst(host.count)
        }
        return lines
    }

    /// `3 notes (-v): 2 app.closed-unread, 1 sockmap.full`
    private func notes(_ diagnosis: Diagnosis) -> [String] {
        let notes = diagnosis.findings.filter { $0.severity == .note }
        guard !notes.isEmpty else { return [] }
        var counts: [String: Int] = [:]
        for note in notes { counts[note.code.rawValue, default: 0] += 1 }
        let kinds = counts.sorted { one, other in
            one.value == other.value ? one.key < other.key : one.value > other.value
        }
        let list = kinds.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let text = "\(pluralized(notes.count, "note")) (-v): \(list)"
        return Paragraph(width: style.width, indent: 2).lines(text, begun: 0).map(style.faint)
    }

    /// The last sentence: what was checked, no more and no less.
    private func conclusion(_ diagnosis: Diagnosis) -> [String] {
        let checked = diagnosis.checked
        let maps = checked.maps.map { " of sockmap \($0.map(String.init).joined(separator: ", "))" } ?? ""
        let what =
            ": \(pluralized(checked.connections, "connection"))\(maps) checked for \(pluralized(checked.causes, "cause"))"
        var missing: [String] = []
        if let unread = checked.unreadNamespaces {
            missing.append("the sockets of \(pluralized(unread.count, "network namespace")) could not be read")
        }
        if let absent = checked.notCollected {
            missing.append("not collected: \(absent.map(\.rawValue).joined(separator: ", "))")
        }
        if !diagnosis.unknown.isEmpty {
            missing.append("\(pluralized(diagnosis.unknown.count, "thing")) could not be read or decided (above)")
        }
        if !diagnosis.unsettled.isEmpty {
            missing.append(
                "inconclusive whether \(pluralized(diagnosis.unsettled.count, "connection moves", "connections move"))")
        }
        if diagnosis.isInconclusive, !diagnosis.suspects.isEmpty {
            missing.append(
                "inconclusive whether \(pluralized(diagnosis.suspects.count, "entry is", "entries are")) stale")
        }
        let sentence = (diagnosis.hasFindings ? "no other fault found" : "no fault found") + what
        let text = style.characters.shown(([sentence] + missing).joined(separator: "; "))
        if diagnosis.isInconclusive { return style.marked("?", text).map(style.yellow) }
        return diagnosis.hasFindings
            ? Paragraph(width: style.width, indent: 2).lines(text, begun: 0)
            : style.marked("✓", text).map(style.green)
    }
}
