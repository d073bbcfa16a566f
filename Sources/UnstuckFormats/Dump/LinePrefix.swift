/// What stands before a dump on each of its lines: quotation marks, a log's timestamp, the pod that `kubectl logs --prefix`
/// names, a file's name and line number by grep.
enum LinePrefix {
    /// Behind the prefixes that are known by themselves, where one line alone suffices to tell.
    static func end(ofKnownIn line: Range<Int>, _ bytes: [UInt8]) -> Int {
        var start = line.lowerBound
        for _ in 0..<6 {
            let next = end(ofOneAt: start, line.upperBound, bytes)
            if next == start { break }
            start = next
        }
        return start
    }

    private static func end(ofOneAt start: Int, _ end: Int, _ bytes: [UInt8]) -> Int {
        var first = start
        while first < end, isBlank(bytes[first]) { first += 1 }
        guard first < end else { return start }
        switch bytes[first] {
        case UInt8(ascii: ">"): return first + 1
        case UInt8(ascii: "["): return self.end(ofTagAt: first, end, bytes) ?? start
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return self.end(ofTimeAt: first, end, bytes) ?? start
        default: return start
        }
    }

    /// `[pod/web-0/web] `, `[  12.345678] `; JSON's lists have quotes, commas or nothing between their brackets.
    private static func end(ofTagAt start: Int, _ end: Int, _ bytes: [UInt8]) -> Int? {
        guard let close = bytes[start..<min(end, start + 160)].firstIndex(of: UInt8(ascii: "]")),
            close + 1 == end || isBlank(bytes[close + 1])
        else { return nil }
        let tag = bytes[start + 1..<close]
        let isList = tag.contains { "\"[{},".utf8.contains($0) }
        return isList || tag.allSatisfy(isBlank) ? nil : close + 1
    }

    /// `2024-05-01T10:00:00.123456789Z`, `2024/05/01 10:00:00`, `10:00:00.5`, and behind it what CRI writes: `stdout F`.
    private static func end(ofTimeAt start: Int, _ end: Int, _ bytes: [UInt8]) -> Int? {
        var cursor = start
        func digits(_ count: Int) -> Bool {
            guard cursor + count <= end, bytes[cursor..<cursor + count].allSatisfy({ (0x30...0x39).contains($0) })
            else { return false }
            cursor += count
            return true
        }
        func one(of characters: String) -> Bool {
            guard cursor < end, characters.utf8.contains(bytes[cursor]) else { return false }
            cursor += 1
            return true
        }
        if digits(4) {
            guard one(of: "-/"), digits(2), one(of: "-/"), digits(2), one(of: "T ") else { return nil }
        } else {
            cursor = start
        }
        guard digits(2), one(of: ":"), digits(2), one(of: ":"), digits(2) else { return nil }
        if one(of: ".,") { while digits(1) {} }
        if !one(of: "Z"), one(of: "+-") {
            guard digits(2) else { return nil }
            _ = one(of: ":")
            guard digits(2) else { return nil }
        }
        guard cursor == end || isBlank(bytes[cursor]) else { return nil }
        for stream in [" stdout F", " stderr F", " stdout P", " stderr P"] {
            if bytes[cursor..<end].starts(with: stream.utf8) { return cursor + stream.utf8.count }
        }
        return cursor
    }

    /// What stands before `key:`, `value:` or their JSON in most lines that have one, if it is the same each time but for
    /// digits and spaces (a clock, a line's number, a count): any log's prefix, without knowing the log.
    static func shared(by lines: [DumpLine], _ bytes: [UInt8]) -> [UInt8]? {
        var patterns: [[UInt8]] = []
        var anchors = 0
        for line in lines {
            guard let prefix = beforeAnchor(line.range, bytes) else { continue }
            anchors += 1
            // The usual dump, told by its first line.
            if prefix.isEmpty, anchors == 1 { return nil }
            if !prefix.isEmpty, patterns.count < 4 { patterns.append(Array(prefix)) }
        }
        for pattern in patterns {
            var matches = 0
            for line in lines where beforeAnchor(line.range, bytes) != nil {
                if end(of: pattern, in: line.range, bytes) != nil { matches += 1 }
            }
            // A number alone is also how a row of bytes begins.
            let isNumber = pattern.allSatisfy { isDigit($0) || isBlank($0) }
            if matches >= 2, isNumber ? matches == anchors : matches * 5 >= anchors * 4 { return pattern }
        }
        return nil
    }

    /// What is in a line before the first word that only a dump has; without the blanks behind it.
    private static func beforeAnchor(_ line: Range<Int>, _ bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var position = line.lowerBound
        while position < line.upperBound {
            let rest = bytes[position..<line.upperBound]
            let isWord = position == line.lowerBound || !isLetter(bytes[position - 1])
            if isWord, rest.starts(with: "key:".utf8) || rest.starts(with: "value:".utf8) { break }
            if rest.starts(with: "\"key\"".utf8) || rest.starts(with: "\"value\"".utf8) { break }
            position += 1
        }
        guard position < line.upperBound else { return nil }
        var prefix = bytes[line.lowerBound..<position]
        while let last = prefix.last, isBlank(last) || "[{,".utf8.contains(last) { prefix.removeLast() }
        // JSON of one line, or a string of other JSON.
        if prefix.contains(where: { "\"{}".utf8.contains($0) }) { return bytes[position..<position] }
        while let first = prefix.first, isBlank(first), prefix.allSatisfy(isBlank) { prefix.removeFirst() }
        return prefix
    }

    /// Behind the pattern, if the line begins with its like.
    static func end(of pattern: [UInt8], in line: Range<Int>, _ bytes: [UInt8]) -> Int? {
        var position = line.lowerBound
        var index = 0
        func skip(_ isOne: (UInt8) -> Bool) -> Bool {
            guard position < line.upperBound, isOne(bytes[position]) else { return false }
            while position < line.upperBound, isOne(bytes[position]) { position += 1 }
            while index < pattern.count, isOne(pattern[index]) { index += 1 }
            return true
        }
        while index < pattern.count {
            let wanted = pattern[index]
            if isDigit(wanted) {
                guard skip(isDigit) else { return nil }
            } else if isBlank(wanted) {
                guard skip(isBlank) else { return nil }
            } else {
                guard position < line.upperBound else { return nil }
                // grep writes "12:" before what it found and "13-" before what stands around.
                let isGrep = wanted == UInt8(ascii: ":") && bytes[position] == UInt8(ascii: "-")
                guard bytes[position] == wanted || isGrep else { return nil }
                position += 1
                index += 1
            }
        }
        // A number that goes on as hex is no line's number.
        if let last = pattern.last, isDigit(last), position < line.upperBound, isLetter(bytes[position]) { return nil }
        return position
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) || byte == 0x5F }
}
