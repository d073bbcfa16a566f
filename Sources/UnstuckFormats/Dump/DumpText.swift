import UnstuckModel

/// Reads `bpftool map dump`'s text, and what grep leaves of it.
///
/// bpftool (v7.1, `tools/bpf/bpftool/map.c`, print_entry_plain and print_entry_error) prints a key of up to 16 bytes and
/// its value on one line where both together have at most 24 bytes, and otherwise `key:`, rows of 16 bytes, `value:`, and
/// the value or why it cannot be had: for a sockmap with values of 4 bytes that is always ENOSPC's text, after which it
/// "found 0 elements".
struct DumpText {
    private enum Place {
        /// No `key:` or `value:` says what rows here belong to.
        case anywhere
        case inKey
        /// Behind `value:`, before the value itself.
        case beforeValue
    }

    /// What stands for the value of a sockmap's entry: it cannot be had (ENOSPC, net/core/sock_map.c,
    /// __sock_map_lookup_elem's callers), or there is none.
    private static let valueTexts = ["No space left on device", "No such file or directory", "<no entry>"]

    private let bytes: [UInt8]
    private let lines: [DumpLine]
    /// Entries were left out on purpose: what bpftool counts says nothing.
    private let isExcerpt: Bool
    private var dump = KeyDump(form: .bpftoolText)
    private var runs: DumpRuns
    private var place = Place.anywhere
    private var line = 0

    /// The key that a `key:` began.
    private var key: [UInt8] = []
    private var keySize = 0
    private var keyLine = 0

    /// Something that only bpftool prints.
    private var sawHeader = false
    private var sawSeparator = false
    /// Whole keys since the dump's beginning or the last "Found N elements".
    private var wholeKeys = 0
    /// The bytes of the row at hand.
    private var row: [UInt8] = []

    init(_ bytes: [UInt8], _ lines: [DumpLine], keySizes: Set<Int>, isExcerpt: Bool) {
        self.bytes = bytes
        self.lines = lines
        self.isExcerpt = isExcerpt
        runs = DumpRuns(keySizes: keySizes)
    }

    mutating func read() -> KeyDump {
        for each in lines {
            line = each.number
            var text = bytes[each.range]
            while let last = text.last, isBlank(last) { text.removeLast() }
            while let first = text.first, isBlank(first) { text.removeFirst() }
            read(text)
        }
        endOfRun()
        runs.resolve(into: &dump)
        if !sawHeader || sawSeparator || runs.count > 0 { dump.form = .hexLines }
        if dump.keys.isEmpty, dump.problemCount == 0, !sawHeader, dump.passedOver.count > 0 {
            dump.add(1, "nothing that bpftool prints: no key, no count of elements")
        }
        dump.sortProblems()
        return dump
    }

    private mutating func read(_ text: ArraySlice<UInt8>) {
        if text.isEmpty || text.elementsEqual("--".utf8) {
            sawSeparator = sawSeparator || !text.isEmpty
            endOfRun()
            place = .anywhere
        } else if text.starts(with: "key:".utf8) {
            endOfRun()
            sawHeader = true
            readKeyLine(text.dropFirst(4))
        } else if text.starts(with: "value:".utf8) {
            sawHeader = true
            readValueLine(text.dropFirst(6))
        } else if text.starts(with: "Found ".utf8) {
            endOfRun()
            sawHeader = true
            place = .anywhere
            readCount(text.dropFirst(6))
        } else if parseRow(text) {
            addRow()
        } else if DumpSurroundings.isFailure(text) {
            dump.add(line, "the command that printed this failed, keys may be missing: \(quoted(text))")
            if place == .inKey { dump.add(keyLine, "the key that begins here is not whole") } else { endOfRun() }
            place = .anywhere
        } else if DumpSurroundings.isChatter(text) {
            dump.passOver(line, text)
        } else if place == .beforeValue {
            place = .anywhere  // why there is no value: nothing that a key's reader needs
        } else if Self.valueTexts.contains(where: { text.elementsEqual($0.utf8) }) {
            endOfRun()  // the same, its `value:` was cut away
            place = .anywhere
        } else if place == .anywhere, !DumpSurroundings.holdsBytes(text), !DumpSurroundings.contains(text, "\"key\"") {
            dump.passOver(line, text)
            endOfRun()
        } else {
            dump.add(line, "neither bytes of a key nor anything else that bpftool prints: \(quoted(text))")
            if place == .inKey {
                dump.add(keyLine, "the key that begins here is not whole")
                place = .anywhere
            } else {
                endOfRun()
            }
        }
    }

    /// `key:` with or without the key, and the value, on the same line.
    private mutating func readKeyLine(_ rest: ArraySlice<UInt8>) {
        key.removeAll(keepingCapacity: true)
        keySize = 0
        keyLine = line
        place = .inKey
        let value = rest.firstIndex(of: UInt8(ascii: "v"))
        var text = rest[..<(value ?? rest.endIndex)]
        while let last = text.last, isBlank(last) { text.removeLast() }
        while let first = text.first, isBlank(first) { text.removeFirst() }
        if !text.isEmpty {
            guard parseRow(text) else {
                dump.add(line, "not the bytes of a key: \(quoted(text))")
                place = .beforeValue
                return
            }
            addRow()
        }
        guard let value else { return }
        guard rest[value...].starts(with: "value:".utf8) else {
            dump.add(line, "not the bytes of a key: \(quoted(rest))")
            place = .beforeValue
            return
        }
        readValueLine(rest[value...].dropFirst(6))
    }

    private mutating func readValueLine(_ rest: ArraySlice<UInt8>) {
        if place == .inKey {
            takeKey()
        } else {
            runs.end(atKeysEnd: true)
        }
        place = rest.allSatisfy(isBlank) ? .beforeValue : .anywhere
    }

    /// "Found 4 elements". Where values cannot be had bpftool counts fewer than it prints, so only more of them tell that
    /// something is missing.
    private mutating func readCount(_ rest: ArraySlice<UInt8>) {
        var count = 0
        for byte in rest.prefix(while: { $0 != UInt8(ascii: " ") }).prefix(12) {
            guard let digit = hexDigit(byte), digit < 10 else { return }
            count = count * 10 + Int(digit)
        }
        if count > wholeKeys, !isExcerpt {
            dump.add(line, "bpftool found \(count) elements, but \(wholeKeys) whole keys stand before this line")
        }
        wholeKeys = 0
    }

    private mutating func addRow() {
        switch place {
        case .inKey:
            keySize += row.count
            // A key that is too long is counted and not kept.
            if key.count <= SockmapKey.longest { key += row }
        case .beforeValue:
            place = .anywhere
            // A sockmap's value has 4 or 8 bytes; a longer row is a key whose lines were cut away.
            if row.count > 8 { runs.add(row, line: line) }
        case .anywhere:
            runs.add(row, line: line)
        }
    }

    private mutating func takeKey() {
        wholeKeys += 1
        runs.sawWholeKey(ofSize: keySize)
        dump.add(key: key, size: keySize, line: keyLine)
    }

    /// Whatever has begun ends here, whole or not.
    private mutating func endOfRun() {
        if place == .inKey {
            // No `value:` says that this is all of it.
            if keySize > SockmapKey.longest {
                dump.add(key: key, size: keySize, line: keyLine)
            } else if keySize > 0 {
                runs.addHeaded(key, line: keyLine)
            }
            place = .anywhere
        }
        runs.end(atKeysEnd: false)
    }

    /// Bytes as bpftool prints them, `0a 0a 86 30`, with or without `0x`; or all digits of a key in one word, as Unstuck
    /// prints it. Leaves them in `row`.
    private mutating func parseRow(_ text: ArraySlice<UInt8>) -> Bool {
        row.removeAll(keepingCapacity: true)
        var position = text.startIndex
        while position < text.endIndex {
            if isBlank(text[position]) {
                position += 1
                continue
            }
            var end = position
            while end < text.endIndex, !isBlank(text[end]) { end += 1 }
            var word = text[position..<end]
            if word.starts(with: "0x".utf8) { word = word.dropFirst(2) }
            guard word.count >= 2, word.count.isMultiple(of: 2) else { return false }
            // One long word alone on its line; two words of more than a byte each are no listing of bytes.
            guard word.count == 2 || (word.count >= 8 && position == text.startIndex && end == text.endIndex) else {
                return false
            }
            var digit = word.startIndex
            while digit < word.endIndex {
                guard let high = hexDigit(word[digit]), let low = hexDigit(word[digit + 1]) else { return false }
                row.append(high << 4 | low)
                digit += 2
            }
            position = end
        }
        return !row.isEmpty
    }
}
