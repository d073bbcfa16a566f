import UnstuckModel

/// The block at the end: the commands to run, with every flag that is needed, and what they would do.
struct RunThisText {
    let style: Style

    func lines(_ findings: [Finding]) -> [String] {
        // What an iterator does not show needs another way of deleting.
        let commands = [false, true].compactMap { command(findings, withoutIterator: $0) } + others(findings)
        guard !commands.isEmpty else { return [] }
        return ["", "run this:"] + commands.flatMap { lines($0.command, $0.comment) }
    }

    /// One dry run for all findings that a repair fixes.
    private func command(_ findings: [Finding], withoutIterator: Bool) -> (command: String, comment: String)? {
        var maps = Set<UInt32>()
        var flags: [String] = []
        var entries = Set<EntryReference>()
        var resets = Set<FourTuple>()
        for finding in findings {
            for remedy in finding.remedies where remedy.kind == .repair {
                for words in remedy.commands.compactMap(Self.arguments)
                where words.contains("--without-iterator") == withoutIterator {
                    let isStuck = finding.subject.stage == .stuck
                    for (position, word) in words.enumerated() {
                        if position > 0, words[position - 1] == "--map", let id = UInt32(word) { maps.insert(id) }
                        guard word.hasPrefix("--"), word != "--map", word != "--apply", !flags.contains(word),
                            word != "--reset-stuck" || isStuck
                        else { continue }
                        flags.append(word)
                    }
                    entries.formUnion(finding.subject.entries)
                    if isStuck, let connection = finding.subject.connection, finding.code == .misdirected {
                        resets.insert(connection)
                    }
                }
            }
        }
        guard !maps.isEmpty else { return nil }
        let words = ["unstuck", "repair"] + maps.sorted().flatMap { ["--map", "\($0)"] } + flags
        var comment = "dry run: would delete \(pluralized(entries.count, "stale entry", "stale entries"))"
        if !resets.isEmpty { comment += ", reset \(pluralized(resets.count, "connection"))" }
        return (words.joined(separator: " "), comment + "; no live entry is touched; --apply carries it out")
    }

    /// Repairs by other commands, as they are.
    private func others(_ findings: [Finding]) -> [(command: String, comment: String)] {
        var seen = Set<String>()
        return findings.flatMap(\.remedies).filter { $0.kind == .repair }.flatMap { remedy in
            remedy.commands.filter { Self.arguments($0) == nil && seen.insert($0).inserted }
                .map { (safeText($0), safeText(remedy.effect)) }
        }
    }

    /// What follows `unstuck repair`; `nil`: it is another command.
    private static func arguments(_ command: String) -> [String]? {
        let words = command.split(separator: " ").map(String.init)
        return words.starts(with: ["unstuck", "repair"]) ? Array(words.dropFirst(2)) : nil
    }

    /// A command that does not fit a line goes on behind a backslash, as a shell takes it.
    private func lines(_ command: String, _ comment: String) -> [String] {
        let begin = "    "
        var parts = Paragraph(width: style.width - 2, indent: begin.count + 4).lines(command, begun: begin.count)
        for index in parts.indices.dropLast() { parts[index] += " \\" }
        parts[0] = begin + parts[0]
        let whole = parts[0] + "  # " + comment
        if parts.count == 1, whole.count <= style.width {
            return [style.bold(parts[0]) + style.faint("  # " + comment)]
        }
        let comments = Paragraph(width: style.width - begin.count - 2, indent: 0)
            .lines(style.characters.shown(comment), begun: 0)
        return comments.map { style.faint(begin + "# " + $0) } + parts.map(style.bold)
    }
}
