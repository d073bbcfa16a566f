/// Takes away what terminals, editors and chat programs put between the characters of a dump: a byte order mark, UTF-16,
/// colours and other escape sequences, what was typed and erased, spaces that do not break, typographic quotes.
enum DumpCharacters {
    /// The same with as many newlines, so that lines keep their numbers.
    static func plain(_ bytes: [UInt8]) -> [UInt8] {
        let bytes = utf8(bytes)
        guard bytes.contains(where: { $0 >= 0x7F || ($0 < 0x20 && $0 != newline && !isBlank($0)) }) else {
            return bytes
        }
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case escape:
                position = end(ofEscapeAt: position, bytes)
                continue
            case 0x08:  // a `script` recording has what was erased, too
                if let last = plain.last, last != newline { plain.removeLast() }
            case newline, UInt8(ascii: "\t"), UInt8(ascii: "\r"), 0x20..<0x7F: plain.append(byte)
            case ..<0x20, 0x7F: break
            default:
                let (replacement, width) = character(bytes[position...].prefix(3))
                plain += replacement
                position += width
                continue
            }
            position += 1
        }
        return plain
    }

    private static let escape: UInt8 = 0x1B

    /// Windows' redirection writes UTF-16 with its mark.
    private static func utf8(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 2 else { return bytes }
        let isLittle = bytes[0] == 0xFF && bytes[1] == 0xFE
        guard isLittle || (bytes[0] == 0xFE && bytes[1] == 0xFF) else { return bytes }
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        var index = 2
        while index + 1 < bytes.count {
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            units.append(isLittle ? second << 8 | first : first << 8 | second)
            index += 2
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// Behind the sequence that begins there; never behind its line (ECMA-48, 5.4; xterm's OSC).
    private static func end(ofEscapeAt start: Int, _ bytes: [UInt8]) -> Int {
        var position = start + 1
        guard position < bytes.count, bytes[position] != newline else { return position }
        switch bytes[position] {
        case UInt8(ascii: "["):
            position += 1
            while position < bytes.count, (0x20..<0x40).contains(bytes[position]) { position += 1 }
            let isFinal = position < bytes.count && (0x40..<0x7F).contains(bytes[position])
            return isFinal ? position + 1 : position
        case UInt8(ascii: "]"):
            while position < bytes.count, bytes[position] != newline {
                if bytes[position] == 0x07 { return position + 1 }
                if bytes[position] == escape {
                    return position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "\\")
                        ? position + 2 : position
                }
                position += 1
            }
            return position
        default:
            while position < bytes.count, (0x20..<0x30).contains(bytes[position]) { position += 1 }
            return position < bytes.count && bytes[position] != newline ? position + 1 : position
        }
    }

    /// What stands for a character of more than one byte, and how many bytes it has.
    private static func character(_ bytes: ArraySlice<UInt8>) -> (replacement: [UInt8], width: Int) {
        let start = bytes.startIndex
        if bytes.starts(with: [0xC2, 0xA0]) { return ([UInt8(ascii: " ")], 2) }
        guard bytes.count == 3 else { return ([bytes[start]], 1) }
        switch (bytes[start], bytes[start + 1], bytes[start + 2]) {
        case (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xAF), (0xE3, 0x80, 0x80): return ([UInt8(ascii: " ")], 3)
        case (0xE2, 0x80, 0x8B...0x8F), (0xE2, 0x81, 0xA0), (0xEF, 0xBB, 0xBF): return ([], 3)
        case (0xE2, 0x80, 0x9C...0x9E): return ([UInt8(ascii: "\"")], 3)
        default: return ([bytes[start]], 1)
        }
    }
}
