/// What the reader's terminal can show: colour, how many columns, which characters.
public struct Style: Sendable {
    public let isColoured: Bool
    /// Columns; no line is longer, except for one of a single word that is.
    public let width: Int
    /// Columns of the rows of a list. Where no terminal shows it, and COLUMNS is not set, all columns are there.
    public let rowWidth: Int
    public let characters: Characters

    /// - Parameters:
    ///   - width: in columns; less than 40 counts as 40.
    ///   - rowWidth: likewise; `nil`: the same.
    public init(isColoured: Bool, width: Int = 100, rowWidth: Int? = nil, characters: Characters = .unicode) {
        self.isColoured = isColoured
        self.width = max(40, width)
        self.rowWidth = max(40, rowWidth ?? width)
        self.characters = characters
    }

    public static let plain = Style(isColoured: false)

    public func red(_ text: String) -> String { paint(text, "31;1") }
    public func yellow(_ text: String) -> String { paint(text, "33") }
    public func green(_ text: String) -> String { paint(text, "32") }
    public func bold(_ text: String) -> String { paint(text, "1") }
    public func faint(_ text: String) -> String { paint(text, "2") }

    private func paint(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// Pads to a width that counts characters; a longer text stays whole.
func pad(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
