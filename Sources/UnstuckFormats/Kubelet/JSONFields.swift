/// The values of one JSON object by their paths: `involvedObject.name`, `MESSAGE`. Lists of numbers are bytes (journald's
/// form of a message that is no UTF-8); other lists are left out.
///
/// A scanner of its own and no decoder: lines of a log are many, foreign, and of a dozen shapes.
struct JSONFields {
    private(set) var values: [String: [UInt8]] = [:]

    /// Values of one object that are kept.
    private static let most = 400
    private static let deepest = 16

    /// - Returns: `nil` for what is no JSON object, or not whole.
    init?(_ bytes: ArraySlice<UInt8>) {
        var scanner = Scanner(bytes: bytes, position: bytes.startIndex)
        scanner.skipSpace()
        guard scanner.byte == UInt8(ascii: "{"), scanner.object(path: "", depth: 0) else { return nil }
        values = scanner.values
    }

    subscript(_ path: String) -> String? { values[path].map { String(decoding: $0, as: UTF8.self) } }

    func bytes(_ path: String) -> [UInt8]? { values[path] }

    /// The first that is there and not empty.
    func first(_ paths: String...) -> String? { paths.lazy.compactMap { self[$0] }.first { !$0.isEmpty } }

    func number(_ paths: String...) -> Double? {
        paths.lazy.compactMap { self[$0] }.compactMap { Double($0) }.first { $0.isFinite }
    }

    private struct Scanner {
        let bytes: ArraySlice<UInt8>
        var position: Int
        var values: [String: [UInt8]] = [:]

        var byte: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

        mutating func skipSpace() {
            while let byte, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
        }

        private mutating func take(_ wanted: UInt8) -> Bool {
            guard byte == wanted else { return false }
            position += 1
            return true
        }

        private mutating func keep(_ path: String, _ value: [UInt8]) {
            guard values.count < JSONFields.most else { return }
            if values[path] == nil { values[path] = value }
        }

        /// At `{`.
        mutating func object(path: String, depth: Int) -> Bool {
            position += 1
            guard depth < JSONFields.deepest else { return false }
            skipSpace()
            if take(UInt8(ascii: "}")) { return true }
            while true {
                skipSpace()
                guard let name = string() else { return false }
                skipSpace()
                guard take(UInt8(ascii: ":")) else { return false }
                let word = String(decoding: name.prefix(128), as: UTF8.self)
                guard value(path: path.isEmpty ? word : path + "." + word, depth: depth) else { return false }
                skipSpace()
                if take(UInt8(ascii: ",")) { continue }
                return take(UInt8(ascii: "}"))
            }
        }

        private mutating func value(path: String, depth: Int) -> Bool {
            skipSpace()
            switch byte {
            case UInt8(ascii: "{"): return object(path: path, depth: depth + 1)
            case UInt8(ascii: "["): return list(path: path, depth: depth + 1)
            case UInt8(ascii: "\""):
                guard let text = string() else { return false }
                keep(path, text)
                return true
            default:
                let word = number()
                guard !word.isEmpty else { return false }
                if !word.elementsEqual("null".utf8) { keep(path, Array(word)) }
                return true
            }
        }

        private mutating func list(path: String, depth: Int) -> Bool {
            position += 1
            guard depth < JSONFields.deepest else { return false }
            skipSpace()
            if take(UInt8(ascii: "]")) { return true }
            var numbers: [UInt8]? = []
            while true {
                skipSpace()
                if let first = byte, (0x30...0x39).contains(first) {
                    let word = number()
                    let value = word.count <= 3 ? word.reduce(0) { $0 * 10 + Int($1) - 0x30 } : 256
                    if (0...255).contains(value) { numbers?.append(UInt8(value)) } else { numbers = nil }
                } else {
                    numbers = nil
                    // A path that nothing asks for.
                    guard value(path: path + "[]", depth: depth) else { return false }
                }
                skipSpace()
                if take(UInt8(ascii: ",")) { continue }
                if let numbers, !numbers.isEmpty { keep(path, numbers) }
                return take(UInt8(ascii: "]"))
            }
        }

        private mutating func number() -> ArraySlice<UInt8> {
            let start = position
            while let byte, !",]} \t\r\n:\"{[".utf8.contains(byte) { position += 1 }
            return bytes[start..<position]
        }

        private mutating func string() -> [UInt8]? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            var text: [UInt8] = []
            while let byte {
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return text
                case UInt8(ascii: "\\"):
                    guard let escape = self.byte else { return nil }
                    position += 1
                    switch escape {
                    case UInt8(ascii: "n"): text.append(0x0A)
                    case UInt8(ascii: "t"): text.append(0x09)
                    case UInt8(ascii: "r"): text.append(0x0D)
                    case UInt8(ascii: "b"): text.append(0x08)
                    case UInt8(ascii: "f"): text.append(0x0C)
                    case UInt8(ascii: "u"): text += scalar().utf8
                    default: text.append(escape)
                    }
                default: text.append(byte)
                }
            }
            return nil
        }

        private mutating func unit() -> UInt32? {
            let digits = bytes[position...].prefix(4)
            guard digits.count == 4 else { return nil }
            var value: UInt32 = 0
            for digit in digits {
                guard let number = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
                value = value << 4 | UInt32(number)
            }
            position += 4
            return value
        }

        /// Behind `\u`; two of them are one character beyond the first plane.
        private mutating func scalar() -> String {
            guard let first = unit() else { return "\u{FFFD}" }
            if (0xD800..<0xDC00).contains(first), bytes[position...].begins(with: "\\u") {
                let start = position
                position += 2
                if let second = unit(), (0xDC00..<0xE000).contains(second),
                    let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
                {
                    return String(Character(scalar))
                }
                position = start
            }
            return Unicode.Scalar(first).map { String(Character($0)) } ?? "\u{FFFD}"
        }
    }
}
