/// A dump as a string inside other JSON: a container's log, ansible's `stdout`, a ConfigMap. Strings under one name are one
/// text, in their order.
struct EmbeddedDump {
    private(set) var text: [UInt8] = []
    /// In which line of the outer text each line of `text` begins.
    private(set) var lines: [Int] = []

    /// Every text that has more than a word, by its name.
    static func all(in bytes: [UInt8]) -> [EmbeddedDump] {
        var found: [[UInt8]: EmbeddedDump] = [:]
        var names: [[UInt8]] = [[]]
        var line = 1
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case newline: line += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["): names.append(names[names.count - 1])
            case UInt8(ascii: "}"), UInt8(ascii: "]"): if names.count > 1 { names.removeLast() }
            case UInt8(ascii: "\""):
                let string = string(bytes, &position)
                var next = position
                while next < bytes.count, isBlank(bytes[next]) { next += 1 }
                if next < bytes.count, bytes[next] == UInt8(ascii: ":") {
                    names[names.count - 1] = string
                } else if !names[names.count - 1].elementsEqual("key".utf8) {  // a damaged entry is no dump
                    found[names[names.count - 1], default: EmbeddedDump()].append(string, line)
                }
            default: break
            }
        }
        return found.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    private mutating func append(_ string: [UInt8], _ line: Int) {
        text += string
        var count = string.count { $0 == newline }
        if string.last != newline {
            text.append(newline)
            count += 1
        }
        lines += Array(repeating: line, count: count)
    }

    /// Behind `"`: what the string says.
    private static func string(_ bytes: [UInt8], _ position: inout Int) -> [UInt8] {
        var string: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            if byte == newline { return string }
            position += 1
            if byte == UInt8(ascii: "\"") { return string }
            guard byte == UInt8(ascii: "\\"), position < bytes.count, bytes[position] != newline else {
                string.append(byte)
                continue
            }
            let escaped = bytes[position]
            position += 1
            switch escaped {
            case UInt8(ascii: "n"): string.append(newline)
            case UInt8(ascii: "t"): string.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "r"): string.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "u"):
                var value: UInt32 = 0
                var digits = 0
                while digits < 4, position < bytes.count, let digit = hexDigit(bytes[position]) {
                    value = value << 4 | UInt32(digit)
                    position += 1
                    digits += 1
                }
                string += String(Unicode.Scalar(value).map(Character.init) ?? "?").utf8
            default: string.append(escaped)
            }
        }
        return string
    }
}
