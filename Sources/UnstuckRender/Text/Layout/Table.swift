/// Rows with a header line and aligned columns. Columns at the right that do not fit are left out.
struct Table {
    struct Column {
        var title: String
        var isNumber = false
        var cells: [String]
    }

    /// The most important first.
    var columns: [Column]

    /// Columns without any content are left out.
    func lines(width: Int, indent: Int) -> [String] {
        var shown: [(column: Column, width: Int)] = []
        var left = width - indent
        for column in columns where column.cells.contains(where: { !$0.isEmpty }) {
            let needed = max(column.title.count, column.cells.map(\.count).max() ?? 0)
            guard shown.isEmpty || needed + 2 <= left else { break }
            left -= needed + (shown.isEmpty ? 0 : 2)
            shown.append((column, needed))
        }
        func line(_ cell: (Column) -> String) -> String {
            var text = String(repeating: " ", count: indent)
            for (position, (column, needed)) in shown.enumerated() {
                let content = cell(column)
                let filler = String(repeating: " ", count: max(0, needed - content.count))
                text += (position == 0 ? "" : "  ") + (column.isNumber ? filler + content : content + filler)
            }
            while text.last == " " { text.removeLast() }
            return text
        }
        let rows = columns.first?.cells.count ?? 0
        return [line(\.title)] + (0..<rows).map { row in line { $0.cells[row] } }
    }

    /// The lines of a list: the header faint, rows painted, in characters that the terminal shows.
    ///
    /// - Parameter paint: of a row, by its number.
    func lines(_ style: Style, indent: Int = 0, paint: (Int) -> Paint? = { _ in nil }) -> [String] {
        var table = self
        for index in table.columns.indices {
            table.columns[index].cells = table.columns[index].cells.map(style.characters.shown)
        }
        let lines = table.lines(width: style.rowWidth, indent: indent)
        return [style.faint(lines[0])]
            + lines.dropFirst().enumerated().map { row, line in paint(row)?(line) ?? line }
    }
}
