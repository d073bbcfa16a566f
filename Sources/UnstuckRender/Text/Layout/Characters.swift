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
        return text.reduce(into: "") { $0 += $1.isASCII ? String($1) : Self.likenesses[$1] ?? "?" }
    }

    private static let likenesses: [Character: String] = [
        "✗": "x", "✓": "+", "…": "...", "·": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "×": "x", "µ": "u",
        "≥": ">=", "\u{A0}": " ", "≤": "<=", "─": "-", "►": ">", "◄": "<", "‘": "'", "’": "'", "“": "\"", "”": "\"",
    ]
}
