import UnstuckModel

/// Reads `bpftool -j map dump` and `-p`: an array of objects, each with `"key": ["0x0a", …]`.
///
/// A scanner of its own and no JSONDecoder: a dump that breaks off or is damaged in one place would be refused as a whole
/// by one, and a full map has three million strings of one byte each, which it would all build. Values are passed over
/// without being built, at any depth, in one loop.
struct DumpJSON {
    /// What stands where something else is needed.
    private struct Unexpected: Error {
        var reason: String
    }

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var entry = 0
    private var dump = KeyDump(form: .bpftoolJSON)
    private var key: [UInt8] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Between entries brackets and commas are passed over, so that the lines of `getnext`, one object each, and several
    /// dumps behind each other are read as well.
    mutating func read() -> KeyDump {
        var openLists = 0
        while let byte = next() {
            switch byte {
            case UInt8(ascii: "{"):
                entry += 1
                do {
                    try readObject()
                } catch {
                    dump.add(line, "entry \(entry): \(error.reason)")
                    recover()
                }
            case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","):
                position += 1
                if byte == UInt8(ascii: "[") { openLists += 1 }
                if byte == UInt8(ascii: "]") { openLists = max(0, openLists - 1) }
            default:
                dump.add(line, "between entries: \(quoted(bytes[position...].prefix(49)))")
                recover()
            }
        }
        // Cut between two entries, all that is there is whole. Beyond damage brackets are not counted.
        if openLists > 0, dump.problemCount == 0 {
            dump.add(line, "the list is not closed: entries may be missing behind entry \(entry)")
        }
        return dump
    }

    /// At `{`.
    private mutating func readObject() throws(Unexpected) {
        let start = line
        position += 1
        var hasKey = false
        var complaint: String?
        var isFirst = true
        while true {
            guard var byte = next() else { throw breaksOff }
            if byte == UInt8(ascii: "}") {
                position += 1
                break
            }
            if !isFirst {
                guard byte == UInt8(ascii: ",") else { throw unexpected("\",\" or \"}\"") }
                position += 1
                guard let following = next() else { throw breaksOff }
                byte = following
            }
            isFirst = false
            guard byte == UInt8(ascii: "\"") else { throw unexpected("a member's name") }
            let name = try readString()
            guard next() == UInt8(ascii: ":") else { throw unexpected("\":\"") }
            position += 1
            if name.elementsEqual("key".utf8), !hasKey {
                hasKey = true
                complaint = try readKey()
            } else if name.elementsEqual("error".utf8), next() == UInt8(ascii: "\"") {
                complaint = "bpftool reports \(quoted(try readString()))"
            } else {
                try skipValue()
            }
        }
        if let complaint {
            dump.add(start, "entry \(entry): \(complaint)")
        } else if hasKey {
            dump.add(key: key, size: key.count, line: start)
        } else {
            dump.add(start, "entry \(entry): no \"key\"")
        }
    }

    /// The key's bytes, into `key`; or what is wrong with them, once the whole value is passed.
    private mutating func readKey() throws(Unexpected) -> String? {
        key.removeAll(keepingCapacity: true)
        switch next() {
        case UInt8(ascii: "["): position += 1
        case UInt8(ascii: "\""):
            // All digits in one string, as Unstuck prints a key.
            let text = try readString()
            var digits = text[...]
            while digits.count >= 2, let high = hexDigit(digits.removeFirst()), let low = hexDigit(digits.removeFirst())
            {
                key.append(high << 4 | low)
                if key.count > SockmapKey.longest { break }
            }
            return key.count * 2 == text.count ? nil : "the key is not hex: \(quoted(text))"
        case nil: throw breaksOff
        default:
            try skipValue()
            return "the key is no list of bytes; newer bpftools print one beside \"formatted\" with -j"
        }
        var complaint: String?
        var isFirst = true
        while true {
            guard let byte = next() else { throw breaksOff }
            if byte == UInt8(ascii: "]") {
                position += 1
                return complaint
            }
            if !isFirst {
                guard byte == UInt8(ascii: ",") else { throw unexpected("\",\" or \"]\"") }
                position += 1
            }
            isFirst = false
            guard let opening = next() else { throw breaksOff }
            guard opening == UInt8(ascii: "\"") else {
                try skipValue()
                complaint = "a key's byte is written \"0x0a\""
                continue
            }
            let text = try readString()
            if let value = Self.byte(text) {
                if key.count <= SockmapKey.longest { key.append(value) }
            } else {
                complaint = "not a key's byte, which is written \"0x0a\": \(quoted(text))"
            }
        }
    }

    private static func byte(_ text: ArraySlice<UInt8>) -> UInt8? {
        guard (3...4).contains(text.count), text.starts(with: "0x".utf8) else { return nil }
        var value: UInt8 = 0
        for character in text.dropFirst(2) {
            guard let digit = hexDigit(character) else { return nil }
            value = value << 4 | digit
        }
        return value
    }

    /// At `"`: what stands up to the next one, escapes as they are.
    private mutating func readString() throws(Unexpected) -> ArraySlice<UInt8> {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return bytes[start..<position - 1]
            case UInt8(ascii: "\\"): position += 2
            case newline: throw Unexpected(reason: "a string goes on over the line's end")
            default: position += 1
            }
        }
        position = bytes.count
        throw breaksOff
    }

    /// Passes over any value: brackets are counted, not matched.
    private mutating func skipValue() throws(Unexpected) {
        var depth = 0
        var isValue = false
        while let byte = next() {
            switch byte {
            case UInt8(ascii: "\""):
                _ = try readString()
                isValue = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else {
                    guard isValue else { throw unexpected("a value") }
                    return
                }
                depth -= 1
                position += 1
                isValue = true
            case UInt8(ascii: ","):
                guard depth > 0 else {
                    guard isValue else { throw unexpected("a value") }
                    return
                }
                position += 1
            case UInt8(ascii: ":"):
                guard depth > 0 else { throw unexpected("a value") }
                position += 1
            default:  // a number or a word
                position += 1
                isValue = true
            }
            if depth == 0, isValue, let following = next(),
                following == UInt8(ascii: ",") || following == UInt8(ascii: "}") || following == UInt8(ascii: "]")
            {
                return
            }
        }
        throw breaksOff
    }

    /// The byte at `position`, once white space is passed; `nil` at the end.
    private mutating func next() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            if byte == newline {
                line += 1
            } else if !isBlank(byte) {
                return byte
            }
            position += 1
        }
        return nil
    }

    /// Goes on at the next `{ "key"`, however far that is.
    private mutating func recover() {
        while let byte = next() {
            guard byte == UInt8(ascii: "{") else {
                position += 1
                continue
            }
            var following = position + 1
            while following < bytes.count, isBlank(bytes[following]) || bytes[following] == newline { following += 1 }
            if bytes[following...].starts(with: "\"key\"".utf8) { return }
            position += 1
        }
    }

    private var breaksOff: Unexpected { Unexpected(reason: "the listing breaks off in the middle of it") }

    private func unexpected(_ wanted: String) -> Unexpected {
        Unexpected(reason: "needs \(wanted), not \(quoted(bytes[min(position, bytes.count)...].prefix(12)))")
    }
}
