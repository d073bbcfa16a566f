/// Text as Go's `%q` and `strconv.Quote` print it: kubelet quotes URLs, malformed lines and whole messages so. What a
/// hostile server sends can then neither break a line nor reach the terminal's control sequences.
enum GoQuoting {
    static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars { result += escaped(scalar) }
        return result + "\""
    }

    /// Bytes that may not be UTF-8. Longer ones than `limit` are cut, and say so.
    static func quote(_ bytes: [UInt8], limit: Int = 200) -> String {
        let shown = Array(bytes.prefix(limit))
        let more = bytes.count > limit ? " (and \(bytes.count - limit) bytes more)" : ""
        if let text = String(validating: shown, as: UTF8.self) { return quote(text) + more }
        var result = "\""
        for byte in shown {
            result += byte < 0x80 ? escaped(Unicode.Scalar(byte)) : "\\x" + hex(UInt32(byte), digits: 2)
        }
        return result + "\"" + more
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{07}": return "\\a"
        case "\u{08}": return "\\b"
        case "\u{0B}": return "\\v"
        case "\u{0C}": return "\\f"
        default: break
        }
        if scalar.value < 0x20 || scalar.value == 0x7F { return "\\x" + hex(scalar.value, digits: 2) }
        if scalar.isASCII || isPrintable(scalar) { return String(Character(scalar)) }
        return scalar.value <= 0xFFFF ? "\\u" + hex(scalar.value, digits: 4) : "\\U" + hex(scalar.value, digits: 8)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }

    private static func hex(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
