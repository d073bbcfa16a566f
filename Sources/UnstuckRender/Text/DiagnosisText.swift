import UnstuckModel

/// A diagnosis as the engineer on call reads it.
public struct DiagnosisText {
    private let style: Style
    private let isVerbose: Bool

    /// - Parameter isVerbose: list notes, and every connection of a finding.
    public init(style: Style, isVerbose: Bool = false) {
        self.style = style
        self.isVerbose = isVerbose
    }

    /// - Parameter looks: the samples that were evaluated, oldest first.
    public func render(_ diagnosis: Diagnosis, looks: [Snapshot]) -> String {
        var lines = [header(diagnosis, looks), ""]
        let notes = diagnosis.findings.filter { $0.severity == .note }
        for finding in diagnosis.findings where isVerbose || finding.severity > .note { lines += render(finding) }
        if !notes.isEmpty, !isVerbose { lines.append(count(notes)) }
        lines += unsettled(diagnosis).map { style.yellow("? " + $0) }
        if !diagnosis.suspects.isEmpty {
            let count = diagnosis.suspects.count
            lines.append(
                style.yellow(
                    "? \(count) entr\(count == 1 ? "y looks" : "ies look") dead, seen once: closing sockets look like "
                        + "this for a moment; a second sample some seconds later decides"))
        }
        for unknown in diagnosis.unknown { lines.append(style.yellow("? " + safeText(unknown))) }
        lines.append(conclusion(diagnosis))
        if let next = next(diagnosis) { lines.append(next) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The last sentence: what was checked, no more and no less.
    private func conclusion(_ diagnosis: Diagnosis) -> String {
        let checked = diagnosis.checked
        let maps = checked.maps.map { " of sockmap \($0.map(String.init).joined(separator: ", "))" } ?? ""
        let what =
            ": \(pluralized(checked.connections, "connection"))\(maps) checked for \(pluralized(checked.causes, "cause"))"
        var missing: [String] = []
        if !diagnosis.unknown.isEmpty {
            missing.append("\(pluralized(diagnosis.unknown.count, "thing")) could not be read or decided (above)")
        }
        if !diagnosis.unsettled.isEmpty {
            missing.append(
                "whether \(pluralized(diagnosis.unsettled.count, "connection moves", "connections move")) is not known")
        }
        if diagnosis.isInconclusive, !diagnosis.suspects.isEmpty {
            missing.append(
                "whether \(pluralized(diagnosis.suspects.count, "entry is", "entries are")) dead is not known")
        }
        let sentence = (diagnosis.hasFindings ? "no other fault found" : "no fault found") + what
        let whole = ([sentence] + missing).joined(separator: "; ")
        if diagnosis.isInconclusive { return style.yellow("? " + whole) }
        return diagnosis.hasFindings ? whole : style.green("✓ " + whole)
    }

    /// Connections that hold bytes and may or may not move, by what is missing to know it.
    private func unsettled(_ diagnosis: Diagnosis) -> [String] {
        UnsettledConnection.Reason.allCases.flatMap { reason -> [String] in
            let connections = diagnosis.unsettled.filter { $0.reason == reason }
            let unread = connections.count { $0.queue != .send }
            return [(unread, "unread"), (connections.count - unread, "unacknowledged")].compactMap { count, kind in
                guard count > 0 else { return nil }
                let subject = "\(pluralized(count, "connection has", "connections have")) \(kind) bytes"
                let pronoun = count == 1 ? "it moves" : "they move"
                return switch reason {
                case .oneSample: "\(subject); one sample cannot tell whether \(pronoun)"
                case .tooShort:
                    "\(subject); samples less than \(Int(Diagnosis.secondsBetweenSamples)) s apart cannot tell whether "
                        + pronoun
                case .notRead: "\(subject); counters that tell whether \(pronoun) were not read in both samples"
                case .redirected:
                    "\(subject) that a sockmap program redirected; the same number was there in both samples, and nothing "
                        + "that was read tells whether they are the same bytes"
                }
            }
        }
    }

    private func count(_ notes: [Finding]) -> String {
        let kinds = Dictionary(grouping: notes, by: \.code.rawValue).sorted { $0.key < $1.key }
            .map { "\($0.key)\($0.value.count == 1 ? "" : " (\($0.value.count))")" }
        return style.faint(
            "\(pluralized(notes.count, "note")): \(kinds.joined(separator: ", ")); -v lists \(notes.count == 1 ? "it" : "them")"
        )
    }

    private func header(_ diagnosis: Diagnosis, _ looks: [Snapshot]) -> String {
        let now = looks.last
        let totals = diagnosis.totals
        var parts = [
            style.bold(safeText(now?.host ?? "?")), "Linux \(safeText(now?.kernelRelease ?? "?"))",
            "\(pluralized(totals.sockets, "TCP socket")), \(pluralized(totals.sockmaps, "sockmap")), "
                + pluralized(totals.entries, "entry", "entries"),
        ]
        if let first = looks.first, let last = looks.last, looks.count > 1 {
            let seconds = Int((last.monotonic - first.monotonic).rounded())
            parts.append("sampled \(looks.count == 2 ? "twice" : "\(looks.count) times"), \(seconds) s apart")
        } else {
            parts.append("sampled once")
        }
        return parts.joined(separator: " · ")
    }

    private func render(_ finding: Finding) -> [String] {
        let mark =
            switch finding.severity {
            case .critical: style.red("✗")
            case .warning: style.yellow("!")
            case .note: style.faint("·")
            }
        var lines = ["\(mark) \(pad(safeText(finding.summary), to: 96))  \(style.faint(finding.code.rawValue))"]
        let width = max(10, finding.evidence.map(\.label.count).max() ?? 0)
        for fact in finding.evidence {
            lines.append("    \(style.faint(pad(fact.label, to: width)))  \(safeText(fact.text))")
        }
        for (number, row) in rows(finding.connections ?? []).enumerated() {
            lines.append("    \(style.faint(pad(number == 0 ? "ends" : "", to: width)))  \(safeText(row))")
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

    /// Most rows of one finding that are shown without `-v`.
    private static let shownRows = 10

    private func rows(_ connections: [StuckConnection]) -> [String] {
        let shown = isVerbose ? connections[...] : connections.prefix(Self.shownRows)
        let left = connections.count - shown.count
        return shown.map(row) + (left > 0 ? ["… and \(left) more (-v lists them)"] : [])
    }

    /// `192.0.2.10:50504 -> 203.0.113.7:8080  client Recv-Q 0 Send-Q 0 · server Recv-Q 34 Send-Q 0, web[2210] fd 17`
    private func row(_ connection: StuckConnection) -> String {
        let ends = connection.ends.map { end in
            var text =
                "\(end.side.rawValue) Recv-Q \(number(end.unreadBytes)) Send-Q \(number(end.unacknowledgedBytes))"
            if let redirected = end.redirectedBytes, redirected > 0 { text += " redirected \(redirected)" }
            if end.retransmits > 0 { text += " retransmits \(end.retransmits)" }
            if end.backoff > 0 { text += " backoff \(end.backoff)" }
            if end.sendWindow == 0 { text += " window 0" }
            if !end.isAccepted { text += ", not accepted" }
            if let holder = end.holder { text += ", \(holder.command)[\(holder.pid)] fd \(holder.descriptor)" }
            return text
        }
        return "\(connection.client) -> \(connection.server)  "
            + (ends + (ends.count == 1 ? ["the other end is not known here"] : [])).joined(separator: " · ")
    }

    private func number(_ value: UInt32?) -> String { value.map(String.init) ?? "?" }

    private func next(_ diagnosis: Diagnosis) -> String? {
        guard !diagnosis.findings.isEmpty else { return nil }
        let dead = Set(
            diagnosis.findings.filter { $0.code == .leaked || $0.code == .zombie }.flatMap(\.subject.entries)
        ).count
        let unseen = Set(diagnosis.findings.filter { $0.code == .unseen }.flatMap(\.subject.entries)).count
        if dead == 0, unseen > 0 {
            return style.bold("→ unstuck repair --without-iterator")
                + "  shows the plan for \(unseen) entr\(unseen == 1 ? "y" : "ies") that no socket was seen of"
        }
        let stuck = diagnosis.findings.count { $0.code == .misdirected && $0.subject.stage == .stuck }
        guard dead > 0 else {
            return diagnosis.hasFindings
                ? style.bold("→ nothing here can be repaired from outside: see each remedy") : nil
        }
        return style.bold("→ unstuck repair")
            + "  shows the plan for \(dead) dead entr\(dead == 1 ? "y" : "ies"); nothing live is touched"
            + (stuck > 0 ? "; add --reset-stuck for the \(stuck == 1 ? "one that hangs" : "\(stuck) that hang")" : "")
    }
}
