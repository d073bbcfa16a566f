/// Breaks a text into lines, at spaces alone (one that does not break is shown as a space), and not inside a tuple (`A -> B`, `A <- B`) that fits a line.
struct Paragraph {
    /// Columns of a line.
    var width: Int
    /// Columns before the text of each line but the first, which the caller begins.
    var indent: Int
    /// Columns of the first line that are taken at its end.
    var reserved = 0

    /// - Parameter begun: columns of the first line that are taken at its beginning.
    /// - Returns: the first line without its beginning, the others with their indentation.
    func lines(_ text: String, begun: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var room = width - begun - reserved
        /// Words that are too long for a line are alone on one, as far left as a line of the paragraph may begin.
        func end() {
            let shown = line.replacing("\u{A0}", with: " ")
            lines.append(lines.isEmpty ? shown : String(repeating: " ", count: indent) + shown)
            line = ""
            room = width - indent
        }
        for word in words(text) {
            let taken = line.isEmpty ? 0 : line.count + 1
            if taken + word.count > room, !(line.isEmpty && lines.isEmpty && begun == 0) {
                if !line.isEmpty || lines.isEmpty { end() }
            }
            if word.count > room {
                let shift = min(indent, 4)
                lines.append(String(repeating: " ", count: shift) + word)
                continue
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        if !line.isEmpty || lines.isEmpty { end() }
        return lines
    }

    /// What is not to be broken: words, and tuples that fit a line.
    private func words(_ text: String) -> [String] {
        let single = text.split(separator: " ").map(String.init)
        var words: [String] = []
        var index = 0
        while index < single.count {
            if index + 2 < single.count, ["->", "<-"].contains(single[index + 1]) {
                let tuple = single[index...index + 2].joined(separator: " ")
                if tuple.count <= width - min(indent, 4) {
                    words.append(tuple)
                    index += 3
                    continue
                }
                // It ends after the arrow, wherever its second half goes.
                words.append("\(single[index]) \(single[index + 1])")
                index += 2
                continue
            }
            words.append(single[index])
            index += 1
        }
        return words
    }
}
