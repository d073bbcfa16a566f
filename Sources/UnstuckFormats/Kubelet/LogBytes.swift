/// Reading along a line's bytes.
struct LogBytes {
    /// What is left.
    var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// Passes over a text; `false`, and nothing, where something else stands.
    mutating func skip(_ text: String) -> Bool {
        guard rest.begins(with: text) else { return false }
        rest = rest.dropFirst(text.utf8.count)
        return true
    }

    /// Passes over blanks.
    /// - Returns: how many.
    @discardableResult
    mutating func skipBlanks() -> Int {
        let count = rest.prefix { $0 == 0x20 || $0 == 0x09 }.count
        rest = rest.dropFirst(count)
        return count
    }

    /// Digits, so many.
    mutating func number(_ digits: ClosedRange<Int>) -> Int? {
        let text = rest.prefix(digits.upperBound).prefix { (0x30...0x39).contains($0) }
        guard text.count >= digits.lowerBound else { return nil }
        rest = rest.dropFirst(text.count)
        return text.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// `12.345`: seconds with a fraction or without; `separators` are what stands before a fraction.
    mutating func seconds() -> Double? {
        guard let whole = number(2...2) else { return nil }
        var value = Double(whole)
        guard rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ",") else { return value }
        let digits = rest.dropFirst().prefix(9).prefix { (0x30...0x39).contains($0) }
        var scale = 0.1
        for digit in digits {
            value += Double(digit - 0x30) * scale
            scale /= 10
        }
        rest = rest.dropFirst(1 + digits.count)
        return value
    }

    /// Up to a blank, or all.
    mutating func word() -> ArraySlice<UInt8> {
        let text = rest.prefix { $0 != 0x20 && $0 != 0x09 }
        rest = rest.dropFirst(text.count)
        return text
    }
}

extension ArraySlice<UInt8> {
    func begins(with text: String) -> Bool {
        let (bytes, pattern) = (span, text.utf8.span)
        guard bytes.count >= pattern.count else { return false }
        for index in pattern.indices where bytes[index] != pattern[index] { return false }
        return true
    }

    /// Where a text begins first; `nil`: nowhere.
    func find(_ text: String) -> Index? {
        let (bytes, pattern) = (span, text.utf8.span)
        guard pattern.count > 0, bytes.count >= pattern.count else { return nil }
        let first = pattern[0]
        search: for start in 0...(bytes.count - pattern.count) where bytes[start] == first {
            for index in pattern.indices where bytes[start + index] != pattern[index] { continue search }
            return startIndex + start
        }
        return nil
    }

    func has(_ text: String) -> Bool { find(text) != nil }

    var text: String { String(decoding: self, as: UTF8.self) }
}
