/// Text as Go's `%q` and `strconv.Quote` print it: kubelet quotes URLs, malformed lines and whole messages so. What a
/// hostile server sends can then neither break a line nor reach the terminal's control sequences.
public enum GoQuoting {
    public static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars { result += escaped(scalar) }
        return result + "\""
    }

    /// Bytes that may not be UTF-8. Longer ones than `limit` are cut, and say so.
    public static func quote(_ bytes: [UInt8], limit: Int = 200) -> String {
        let shown = Array(bytes.prefix(limit))
        let more = bytes.count > limit ? " (and \(bytes.count - limit) bytes more)" : ""
        if let text = String(validating: shown, as: UTF8.self) { return quote(text) + more }
        var result = "\""
        for byte in shown {
            result += byte < 0x80 ? escaped(Unicode.Scalar(byte)) : "\\x" + hex(UInt32(byte), digits: 2)
        }
        return result + "\"" + more
    }

    /// What is between quotation marks.
    ///
    /// - Parameter bytes: from the opening mark on.
    /// - Returns: the bytes without escapes, and the position behind the closing mark; where that is missing, all of it and
    ///   the end. What is no escape of Go's stays as it is.
    public static func unquote(_ bytes: ArraySlice<UInt8>) -> (text: [UInt8], end: Int) {
        var result: [UInt8] = []
        var index = bytes.startIndex + 1
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") { return (result, index + 1) }
            if byte == UInt8(ascii: "\\"), let (plain, length) = unescape(bytes[(index + 1)...]) {
                result += plain
                index += 1 + length
            } else {
                result.append(byte)
                index += 1
            }
        }
        return (result, bytes.endIndex)
    }

    /// - Parameter rest: behind the backslash.
    private static func unescape(_ rest: ArraySlice<UInt8>) -> (bytes: [UInt8], length: Int)? {
        guard let letter = rest.first else { return nil }
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "'"): return ([letter], 1)
        case UInt8(ascii: "n"): return ([0x0A], 1)
        case UInt8(ascii: "r"): return ([0x0D], 1)
        case UInt8(ascii: "t"): return ([0x09], 1)
        case UInt8(ascii: "a"): return ([0x07], 1)
        case UInt8(ascii: "b"): return ([0x08], 1)
        case UInt8(ascii: "v"): return ([0x0B], 1)
        case UInt8(ascii: "f"): return ([0x0C], 1)
        case UInt8(ascii: "x"): return number(rest, digits: 2).map { ([UInt8(truncatingIfNeeded: $0)], 3) }
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let digits = letter == UInt8(ascii: "u") ? 4 : 8
            guard let value = number(rest, digits: digits), let scalar = Unicode.Scalar(value) else { return nil }
            return (Array(String(Character(scalar)).utf8), digits + 1)
        default: return nil
        }
    }

    /// Hex digits behind a letter.
    private static func number(_ rest: ArraySlice<UInt8>, digits: Int) -> UInt32? {
        let text = rest.dropFirst().prefix(digits)
        guard text.count == digits else { return nil }
        var value: UInt32 = 0
        for digit in text {
            guard let number = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(number)
        }
        return value
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
