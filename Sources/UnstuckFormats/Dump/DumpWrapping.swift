import UnstuckModel

/// A line of a dump, without what was put around it.
struct DumpLine {
    /// Which file of a diff has it.
    enum Side { case both, old, new, neither }

    /// Counts from 1.
    var number: Int
    /// Where it lies, without its prefix and its newline.
    var range: Range<Int>
    var side = Side.both
}

/// A dump as people pass it on: with something before each line, or as the difference of two. What was taken away is said.
struct DumpWrapping {
    let bytes: [UInt8]
    private(set) var lines: [DumpLine] = []
    private(set) var isDiff = false
    private(set) var notes: [String] = []
    /// Something was taken away, so that `bytes` are not the dump.
    private var isWrapped = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: newline) ?? bytes.count
            lines.append(DumpLine(number: lines.count + 1, range: start..<end))
            start = end + 1
        }
        if readNormalDiff() { return }
        removeKnownPrefixes()
        readUnifiedDiff()
        removeSharedPrefix()
    }

    /// The lines that one file has.
    func lines(of side: DumpLine.Side) -> [DumpLine] {
        isDiff ? lines.filter { $0.side == .both || $0.side == side } : lines
    }

    /// The same as text, each line where it was.
    func text(of side: DumpLine.Side) -> [UInt8] {
        guard isDiff || isWrapped else { return bytes }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for line in lines {
            if !isDiff || line.side == .both || line.side == side { text += bytes[line.range] }
            text.append(newline)
        }
        if bytes.last != newline, !text.isEmpty { text.removeLast() }
        return text
    }

    private mutating func removeKnownPrefixes() {
        var first: (line: Int, prefix: String)?
        for index in lines.indices {
            let range = lines[index].range
            let end = LinePrefix.end(ofKnownIn: range, bytes)
            guard end > range.lowerBound else { continue }
            if first == nil { first = (lines[index].number, quoted(bytes[range.lowerBound..<end])) }
            // One blank belongs to the prefix; the first column of a diff comes behind it.
            let behind = end < range.upperBound && isBlank(bytes[end]) ? end + 1 : end
            lines[index].range = behind..<range.upperBound
            isWrapped = true
        }
        if let first { notes.append("taken away before lines, first in line \(first.line): \(first.prefix)") }
    }

    private mutating func removeSharedPrefix() {
        guard let pattern = LinePrefix.shared(by: lines, bytes) else { return }
        for index in lines.indices {
            if let end = LinePrefix.end(of: pattern, in: lines[index].range, bytes) {
                lines[index].range = end..<lines[index].range.upperBound
                isWrapped = true
            }
        }
        notes.append("taken away before lines, digits aside: \(quoted(pattern[...]))")
    }

    private func begins(_ range: Range<Int>, _ text: String) -> Bool { bytes[range].starts(with: text.utf8) }

    /// `diff -u`: what is in its first column.
    private mutating func readUnifiedDiff() {
        guard lines.contains(where: { begins($0.range, "@@ -") || isChangedKey($0.range) }) else { return }
        isDiff = true
        for index in lines.indices {
            let range = lines[index].range
            if begins(range, "--- ") || begins(range, "+++ ") || begins(range, "\\ ") || begins(range, "diff ")
                || begins(range, "index ")
            {
                lines[index].side = .neither
            } else if begins(range, "@@ ") {
                lines[index].range = range.lowerBound..<range.lowerBound  // what follows does not go on from before
            } else if let sign = bytes[range].first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
                !bytes[range].elementsEqual("--".utf8)
            {
                lines[index].side = sign == UInt8(ascii: "+") ? .new : .old
                lines[index].range = range.lowerBound + 1..<range.upperBound
            }
        }
        notes.append("a diff: what one file alone has is marked")
    }

    /// `+key:`: of a diff whose hunk's header was left out.
    private func isChangedKey(_ range: Range<Int>) -> Bool {
        guard let sign = bytes[range].first, "+-".utf8.contains(sign) else { return false }
        let rest = bytes[range].dropFirst().drop(while: isBlank)
        return rest.starts(with: "key:".utf8) || rest.starts(with: "\"key\"".utf8)
    }

    /// `diff` without options: `5a6,10`, then lines behind `<` and `>`.
    private mutating func readNormalDiff() -> Bool {
        guard
            zip(lines, lines.dropFirst()).contains(where: {
                isEditCommand($0.range) && (begins($1.range, "< ") || begins($1.range, "> "))
            })
        else { return false }
        isDiff = true
        for index in lines.indices {
            let range = lines[index].range
            if isEditCommand(range) || begins(range, "---") || begins(range, "\\ ") {
                lines[index].side = .both
                lines[index].range = range.lowerBound..<range.lowerBound
            } else if begins(range, "<") || begins(range, ">") {
                lines[index].side = begins(range, "<") ? .old : .new
                lines[index].range = range.lowerBound + 1..<range.upperBound
            }
        }
        notes.append("a diff: what one file alone has is marked")
        return true
    }

    private func isEditCommand(_ range: Range<Int>) -> Bool {
        var text = bytes[range]
        while let last = text.last, isBlank(last) { text.removeLast() }
        guard let first = text.first, (0x30...0x39).contains(first), text.count < 40 else { return false }
        return text.count { "acd".utf8.contains($0) } == 1
            && text.allSatisfy { (0x30...0x39).contains($0) || ",acd".utf8.contains($0) }
            && (text.last.map { (0x30...0x39).contains($0) } ?? false)
    }
}
