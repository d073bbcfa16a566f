/// Which characters a text may have.
public enum Characters: Sendable {
    case unicode, ascii

    /// By the value of LC_ALL, LC_CTYPE or LANG, the first of them that is set: `de_DE.UTF-8`. None is the C locale.
    public init(locale: String?) {
        let name = (locale ?? "").lowercased()
        self = name.contains("utf-8") || name.contains("utf8") ? .unicode : .ascii
    }

    /// The text with characters that the reader can see; those without a likeness become `?`.
    public func shown(_ text: String) -> String {
        guard self == .ascii, !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        var result = ""
        var rest = text[...]
        while let character = rest.first {
            if let (long, short) = Self.pairs.first(where: { rest.hasPrefix($0.0) }) {
                result += short
                rest = rest.dropFirst(long.count)
            } else if let short = Self.singles[character] {
                result += short
                rest = rest.dropFirst()
            } else {
                result.append(character.isASCII ? character : "?")
                rest = rest.dropFirst()
            }
        }
        return result
    }

    private static let pairs = [("─►", "->"), ("◄─", "<-")]
    private static let singles: [Character: String] = [
        "✗": "x", "✓": "+", "…": "...", "·": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "×": "x", "µ": "u",
        "≥": ">=", "≤": "<=", "─": "-", "►": ">", "◄": "<", "‘": "'", "’": "'", "“": "\"", "”": "\"",
    ]
}
