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

    /// Objects that have entries somewhere inside; found when the first object comes that is no entry by its first name.
    private var containers: Set<Int>?
    /// Open objects that are no entries.
    private var openObjects = 0
    private var openLists = 0
    /// Entries without braces: bpftool 4.15 to 4.20 wrote `["key":[…],"value":{…},"key":[…]]` where a value cannot be had.
    private var isBare = false

    /// - Parameter behind: lines before the JSON, which are no part of it.
    init(_ bytes: [UInt8], behind lines: Int) {
        self.bytes = bytes
        while line <= lines, position < bytes.count {
            let end = bytes[position...].firstIndex(of: newline) ?? bytes.count
            if bytes[position..<end].contains(where: { !isBlank($0) }) { passOver(position..<end) }
            position = min(end + 1, bytes.count)
            line += 1
        }
    }

    /// Between entries brackets and commas are passed over, so that the lines of `getnext`, one object each, and several
    /// dumps behind each other are read as well. Objects that are no entries and have some inside are gone into.
    mutating func read() -> KeyDump {
        while let byte = next() {
            switch byte {
            case UInt8(ascii: "{") where isContainer:
                position += 1
                openObjects += 1
            case UInt8(ascii: "}") where openObjects > 0:
                position += 1
                openObjects -= 1
            case UInt8(ascii: "\""):
                do {
                    try readMember()
                } catch {
                    dump.add(line, "between entries: \(error.reason)")
                    recover()
                }
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
                readNoise()
            }
        }
        if isBare {
            dump.notes.append("entries without braces, as bpftool 4.15 to 4.20 writes them")
        }
        // Cut between two entries, all that is there is whole. Beyond damage brackets are not counted.
        if openLists > 0, dump.problemCount == 0 {
            dump.add(line, "the list is not closed: entries may be missing behind entry \(entry)")
        }
        return dump
    }

    /// At `{` of an object that has entries inside and is none.
    private var isContainer: Bool {
        mutating get {
            var following = position + 1
            while following < bytes.count, isBlank(bytes[following]) || bytes[following] == newline { following += 1 }
            if bytes[min(following, bytes.count)...].starts(with: "\"key\"".utf8) { return false }
            if containers == nil { containers = JSONContainers.of(bytes) }
            return containers?.contains(position) ?? false
        }
    }

    /// At `"` between entries: a member of an object around them, or of an entry without braces.
    private mutating func readMember() throws(Unexpected) {
        let start = line
        let name = try readString()
        guard next() == UInt8(ascii: ":") else {
            if openObjects > 0 { return }  // a string in a list
            throw Unexpected(reason: quoted(name))
        }
        position += 1
        if name.elementsEqual("key".utf8), openObjects == 0 {
            isBare = true
            entry += 1
            if let complaint = try readKey() {
                dump.add(start, "entry \(entry): \(complaint)")
            } else {
                dump.add(key: key, size: key.count, line: start)
            }
        } else if openObjects == 0 {
            guard ["value", "values", "formatted", "error"].contains(where: { name.elementsEqual($0.utf8) }) else {
                throw Unexpected(reason: quoted(name))
            }
            try skipValue()
        } else if next() == UInt8(ascii: "\"") {
            let text = try readString()
            if name.elementsEqual("error".utf8) { dump.add(start, "bpftool reports \(quoted(text))") }
        }
    }

    /// A number or a word between entries: a value of an object around them, a line that is no part of the dump, or damage.
    private mutating func readNoise() {
        if openObjects > 0 {
            while position < bytes.count, !",]}{[\"\n".utf8.contains(bytes[position]) { position += 1 }
            return
        }
        guard openLists == 0 else {
            dump.add(line, "between entries: \(quoted(bytes[position...].prefix(49)))")
            recover()
            return
        }
        let start = position
        while position < bytes.count, bytes[position] != newline {
            // A prompt with what it answers on the same line.
            let rest = bytes[position...]
            if ["{\"", "[\"", "[{"].contains(where: { rest.starts(with: $0.utf8) }) { break }
            position += 1
        }
        passOver(start..<max(position, start))
        if position == start { position += 1 }
    }

    private mutating func passOver(_ range: Range<Int>) {
        var text = bytes[range]
        while let last = text.last, isBlank(last) { text.removeLast() }
        while let first = text.first, isBlank(first) { text.removeFirst() }
        if DumpSurroundings.isFailure(text) {
            dump.add(line, "the command that printed this failed, keys may be missing: \(quoted(text))")
        } else if DumpSurroundings.holdsBytes(text) || DumpSurroundings.contains(text, "\"key\"") {
            dump.add(line, "between entries: \(quoted(text))")
        } else {
            dump.passOver(line, text)
        }
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
        } else if openObjects > 0 {
            entry -= 1  // what else the objects around the entries have
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
