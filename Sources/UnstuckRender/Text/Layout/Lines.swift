/// A plain function that paints a line, like ``Style/red(_:)``.
typealias Paint = (String) -> String

/// As it is.
func plain(_ line: String) -> String { line }

/// Texts that are broken into lines of the terminal's width, in characters that it can show.
extension Style {
    /// A paragraph.
    ///
    /// - Parameters:
    ///   - margin: columns before its first line.
    ///   - hanging: how many more before the further ones.
    public func paragraph(_ text: String, margin: Int = 0, hanging: Int = 2) -> [String] {
        var lines = Paragraph(width: width, indent: margin + hanging).lines(characters.shown(text), begun: margin)
        lines[0] = String(repeating: " ", count: margin) + lines[0]
        return lines
    }

    /// A paragraph behind a mark.
    ///
    /// - Parameter margin: columns before the mark.
    public func marked(_ mark: String, _ text: String, margin: Int = 0) -> [String] {
        let mark = characters.shown(mark)
        let begun = margin + mark.count + 1
        var lines = Paragraph(width: width, indent: margin + 2).lines(characters.shown(text), begun: begun)
        lines[0] = String(repeating: " ", count: margin) + "\(mark) " + lines[0]
        return lines
    }

    /// A text behind its label; further lines begin where the text does.
    ///
    /// - Parameters:
    ///   - labels: columns of the longest label beside it.
    ///   - margin: columns before the label.
    func labelled(_ label: String, _ text: String, to labels: Int, margin: Int = 4, paint: Paint = { $0 }) -> [String] {
        let begun = margin + labels + 2
        var lines = Paragraph(width: width, indent: begun).lines(characters.shown(text), begun: begun)
        for index in lines.indices where !lines[index].isEmpty { lines[index] = paint(lines[index]) }
        lines[0] =
            String(repeating: " ", count: margin) + faint(pad(characters.shown(label), to: labels)) + "  " + lines[0]
        while lines[0].last == " " { lines[0].removeLast() }
        return lines
    }

    /// Lines whose first one begins with a text that is painted another way than the rest.
    func beginning(_ head: String, _ paint: Paint, _ lines: [String]) -> [String] {
        let head = characters.shown(head)
        guard let first = lines.first, first.hasPrefix(head) else { return lines }
        return [paint(head) + first.dropFirst(head.count)] + lines.dropFirst()
    }
}

/// Facts about one thing: a label each, and the texts one below the other.
struct LabelledLines {
    private let style: Style
    private let margin: Int
    private var rows: [(label: String, text: String, paint: Paint)] = []

    init(_ style: Style, margin: Int = 4) {
        self.style = style
        self.margin = margin
    }

    mutating func add(_ label: String, _ text: String, paint: @escaping Paint = { $0 }) {
        rows.append((label, text, paint))
    }

    var lines: [String] {
        let labels = rows.map { style.characters.shown($0.label).count }.max() ?? 0
        return rows.flatMap { style.labelled($0.label, $0.text, to: labels, margin: margin, paint: $0.paint) }
    }
}
