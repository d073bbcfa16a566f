/// Colour, where the reader's terminal has it.
public struct Style: Sendable {
    private let isColoured: Bool
    public init(isColoured: Bool) { self.isColoured = isColoured }
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
