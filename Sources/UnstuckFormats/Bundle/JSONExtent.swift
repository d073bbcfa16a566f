/// How far a text is JSON (RFC 8259), and how many elements of a list on its top level are whole: for files that were cut off
/// or damaged, which no decoder says anything about.
public struct JSONExtent: Sendable, Equatable {
    public enum End: Sendable, Equatable {
        /// One value, and nothing behind it but white space.
        case whole
        /// The bytes end inside of the value.
        case cutOff
        /// The byte at ``position`` cannot stand there.
        case damaged
    }
    public private(set) var end = End.whole
    /// Bytes that are JSON.
    public private(set) var position = 0
    /// Elements of the list that are whole.
    public private(set) var elements = 0
    /// The list was begun.
    public private(set) var hasList = false

    /// - Parameter list: the name of the list, a member of the object that is the text.
    public init(of bytes: [UInt8], countingElementsOf list: String) {
        var scanner = Scanner(bytes: bytes, list: Array("\"\(list)\"".utf8))
        end = scanner.scan()
        position = scanner.position
        elements = scanner.elements
        hasList = scanner.hasList
    }

    private struct Scanner {
        let bytes: [UInt8]
        let list: [UInt8]
        var position = 0
        var elements = 0
        var hasList = false
        /// `{` and `[` that are open.
        private var open: [UInt8] = []
        private var isInList = false

        init(bytes: [UInt8], list: [UInt8]) { (self.bytes, self.list) = (bytes, list) }

        /// What may stand next.
        private enum Expected { case value, valueOrEnd, name, nameOrEnd, colon, separator }

        mutating func scan() -> End {
            var expected = Expected.value
            var isListNext = false
            while true {
                skipSpace()
                if open.isEmpty, expected == .separator { return position == bytes.count ? .whole : .damaged }
                guard position < bytes.count else { return .cutOff }
                let byte = bytes[position]
                switch (expected, byte) {
                case (.name, UInt8(ascii: "\"")), (.nameOrEnd, UInt8(ascii: "\"")):
                    let start = position
                    if let end = skipString() { return end }
                    isListNext = open.count == 1 && bytes[start..<position].elementsEqual(list)
                    expected = .colon
                case (.colon, UInt8(ascii: ":")):
                    position += 1
                    expected = .value
                case (.value, UInt8(ascii: "{")), (.valueOrEnd, UInt8(ascii: "{")):
                    begin(byte)
                    expected = .nameOrEnd
                case (.value, UInt8(ascii: "[")), (.valueOrEnd, UInt8(ascii: "[")):
                    if isListNext { (isInList, hasList) = (true, true) }
                    begin(byte)
                    expected = .valueOrEnd
                case (.nameOrEnd, UInt8(ascii: "}")), (.valueOrEnd, UInt8(ascii: "]")):
                    close()
                    expected = .separator
                case (.value, _), (.valueOrEnd, _):
                    if let end = byte == UInt8(ascii: "\"") ? skipString() : skipWord() { return end }
                    finishValue()
                    expected = .separator
                case (.separator, UInt8(ascii: ",")):
                    position += 1
                    expected = open.last == UInt8(ascii: "{") ? .name : .value
                case (.separator, UInt8(ascii: "}")) where open.last == UInt8(ascii: "{"),
                    (.separator, UInt8(ascii: "]")) where open.last == UInt8(ascii: "["):
                    close()
                default: return .damaged
                }
                if expected != .colon, expected != .value { isListNext = false }
            }
        }

        private mutating func begin(_ byte: UInt8) {
            open.append(byte)
            position += 1
        }

        private mutating func close() {
            open.removeLast()
            position += 1
            if open.count == 1 { isInList = false }
            finishValue()
        }

        private mutating func finishValue() {
            if isInList, open.count == 2 { elements += 1 }
        }

        private mutating func skipSpace() {
            while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        }

        /// - Returns: `nil`: it is whole.
        private mutating func skipString() -> End? {
            let start = position
            position += 1
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    position += 1
                    return nil
                case UInt8(ascii: "\\"): position += 2
                case 0..<0x20: return .damaged
                default: position += 1
                }
            }
            position = start
            return .cutOff
        }

        /// `true`, `null`, a number: to be distinguished from what is none, not to be checked digit by digit.
        private mutating func skipWord() -> End? {
            let start = position
            while position < bytes.count, Self.isOfWord(bytes[position]) { position += 1 }
            let word = bytes[start..<position]
            let isNumber = word.first.map { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) } ?? false
            let known = ["true", "false", "null"].map { Array($0.utf8) }
            if isNumber || known.contains(where: word.elementsEqual) { return nil }
            let isBegun = position == bytes.count && !word.isEmpty && known.contains { $0.starts(with: word) }
            position = start
            return isBegun ? .cutOff : .damaged
        }

        private static func isOfWord(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
                || [UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ".")].contains(byte)
        }
    }
}
