/// The texts between quotation marks of a Swift file, without what is interpolated: what a program may print.
struct SwiftLiterals {
    struct Literal: Equatable {
        var line: Int
        var text: String
    }

    private let source: [UInt8]
    private var position = 0
    private var line = 1
    private(set) var found: [Literal] = []

    init(_ source: String) {
        self.source = Array(source.utf8)
        code(until: nil)
    }

    private func has(_ text: StaticString) -> Bool {
        let bytes = Array("\(text)".utf8)
        return source[position...].starts(with: bytes)
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where position < source.count {
            if source[position] == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }
    }

    /// Code, up to the parenthesis that ends an interpolation; or all of it.
    private mutating func code(until end: UInt8?) {
        var depth = 0
        while position < source.count {
            if has("//") {
                while position < source.count, source[position] != UInt8(ascii: "\n") { advance() }
            } else if has("/*") {
                while position < source.count, !has("*/") { advance() }
                advance(2)
            } else if source[position] == UInt8(ascii: "\"") || has("#\"") {
                literal()
            } else {
                if source[position] == UInt8(ascii: "(") { depth += 1 }
                if source[position] == end {
                    depth -= 1
                    if depth < 0 { return advance() }
                }
                advance()
            }
        }
    }

    private mutating func literal() {
        let start = line
        let isRaw = source[position] == UInt8(ascii: "#")
        if isRaw { advance() }
        let isLong = has("\"\"\"")
        advance(isLong ? 3 : 1)
        var text: [UInt8] = []
        while position < source.count {
            if isLong ? has("\"\"\"") : source[position] == UInt8(ascii: "\"") {
                guard !isRaw || source[(position + (isLong ? 3 : 1))...].first == UInt8(ascii: "#") else {
                    text.append(source[position])
                    advance()
                    continue
                }
                advance((isLong ? 3 : 1) + (isRaw ? 1 : 0))
                break
            }
            if isRaw ? has("\\#(") : has("\\(") {
                advance(isRaw ? 3 : 2)
                code(until: UInt8(ascii: ")"))
                continue
            }
            if !isRaw, source[position] == UInt8(ascii: "\\") {
                // A line that goes on is one; other characters that are written so separate words.
                let isContinued = isLong && source[(position + 1)...].first == UInt8(ascii: "\n")
                if !isContinued { text.append(UInt8(ascii: " ")) }
                advance(2)
                while isContinued, position < source.count, source[position] == UInt8(ascii: " ") { advance() }
                continue
            }
            text.append(source[position])
            advance()
        }
        found.append(Literal(line: start, text: String(decoding: text, as: UTF8.self)))
    }
}
