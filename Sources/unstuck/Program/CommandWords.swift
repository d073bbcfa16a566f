import ArgumentParser

/// The words before the options: which of them is no command, and which was meant.
///
/// ArgumentParser takes a mistyped subcommand for an argument too many, and `help nope` for `help`.
struct CommandWords {
    private let root: any ParsableCommand.Type

    init(_ root: any ParsableCommand.Type) { self.root = root }

    /// What is wrong with them; `nil`: ArgumentParser decides.
    func mistake(in arguments: [String]) -> String? {
        var words = arguments.prefix { !$0.hasPrefix("-") }[...]
        let isHelp = words.first == "help"
        if isHelp { words = words.dropFirst() }
        var command: any ParsableCommand.Type = root
        var path = [root._commandName]
        for word in words {
            let commands = command.configuration.subcommands
            // What follows a command without subcommands are arguments.
            if commands.isEmpty {
                return isHelp ? text(word, path, []) : nil
            }
            guard let next = commands.first(where: { $0._commandName == word }) else {
                let names = commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
                return text(word, path, names + (path.count == 1 ? ["help"] : []))
            }
            command = next
            path.append(word)
        }
        return nil
    }

    private func text(_ word: String, _ path: [String], _ names: [String]) -> String {
        let command = path.joined(separator: " ")
        let near = Self.nearest(to: word, in: names).map { ": did you mean '\($0)'?" } ?? ""
        let all = near.isEmpty && !names.isEmpty ? "; there are: \(names.joined(separator: ", "))" : ""
        return "'\(word)' is not a command of \(command)\(near)\(all)\n  See '\(command) --help' for more information."
    }

    /// The name that is at most so many edits away as a person mistypes a word of its length.
    static func nearest(to word: String, in names: [String]) -> String? {
        let best = names.map { (name: $0, edits: edits(word, $0)) }.min { $0.edits < $1.edits }
        if let best, best.edits <= max(1, best.name.count / 3) { return best.name }
        return word.count >= 2 ? names.first { $0.hasPrefix(word) } : nil
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two words.
    private static func edits(_ one: String, _ other: String) -> Int {
        let (left, right) = (Array(one.utf8.prefix(64)), Array(other.utf8.prefix(64)))
        var rows = [Array(0...right.count)]
        for row in 0..<left.count {
            var next = [row + 1]
            for column in 0..<right.count {
                var best = min(
                    next[column] + 1, rows[row][column + 1] + 1,
                    rows[row][column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, rows[row - 1][column - 1] + 1)
                }
                next.append(best)
            }
            rows.append(next)
        }
        return rows[left.count][right.count]
    }
}
