/// A piece of a filter's text, and where it begins: a word, a quoted text, or one of the signs `( ) ! = != < <= > >= -> && ||`.
struct FilterToken: Hashable {
    enum Kind: Hashable {
        case word(String)
        case quoted(String)
        case sign(String)
        case end
    }

    var kind: Kind
    /// Characters before it.
    var offset: Int

    /// All of them, the end included.
    ///
    /// - Throws: `FilterError` where a quotation does not end.
    static func all(in text: String) throws(FilterError) -> [FilterToken] {
        let characters = Array(text)
        var tokens: [FilterToken] = []
        var at = 0
        while at < characters.count {
            let character = characters[at]
            if character.isWhitespace {
                at += 1
            } else if let sign = sign(characters, at) {
                tokens.append(FilterToken(kind: .sign(sign), offset: at))
                at += sign.count
            } else if character == "\"" || character == "'" {
                guard let close = characters[(at + 1)...].firstIndex(of: character) else {
                    throw FilterError(at, "this quotation does not end")
                }
                tokens.append(FilterToken(kind: .quoted(String(characters[(at + 1)..<close])), offset: at))
                at = close + 1
            } else {
                let start = at
                while at < characters.count, !characters[at].isWhitespace, sign(characters, at) == nil { at += 1 }
                tokens.append(FilterToken(kind: .word(String(characters[start..<at])), offset: start))
            }
        }
        tokens.append(FilterToken(kind: .end, offset: characters.count))
        return tokens
    }

    /// The longer ones first.
    private static let signs = ["->", "<-", "&&", "||", "==", "!=", "<=", ">=", "(", ")", "!", "=", "<", ">", "&", "|"]

    private static let beginnings = Set("-<&|=!>()")

    private static func sign(_ characters: [Character], _ at: Int) -> String? {
        guard beginnings.contains(characters[at]) else { return nil }
        return signs.first { sign in
            at + sign.count <= characters.count && String(characters[at..<at + sign.count]) == sign
        }
    }

    /// As an error names it.
    var text: String {
        switch kind {
        case .word(let word), .sign(let word): "'\(safeText(word))'"
        case .quoted(let text): "\"\(safeText(text))\""
        case .end: "the end"
        }
    }
}

/// Why a filter cannot be read.
public struct FilterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Characters before the place.
    public let offset: Int
    /// One clause without a full stop, safe for a terminal.
    public let message: String

    init(_ offset: Int, _ message: String) {
        self.offset = offset
        self.message = message
    }

    public var description: String { "at character \(offset + 1): \(message)" }
}
