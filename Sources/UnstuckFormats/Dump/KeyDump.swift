import UnstuckModel

/// The keys that another's listing of a map shows, and what in it could not be understood.
///
/// Three forms are read, and distinguished by their lines: what `bpftool map dump` prints, the same with `-j` or `-p`, and
/// rows of hex that were cut out of a dump with grep. What people and programs put around them is taken away first.
public struct KeyDump: Hashable, Sendable {
    public enum Form: String, Sendable, Codable {
        /// `key:` and `value:` around rows of hex.
        case bpftoolText = "bpftool text"
        case bpftoolJSON = "bpftool JSON"
        /// Rows of hex without all of the lines around them.
        case hexLines = "hex lines"
    }

    /// Something that could not be understood; what follows it was read all the same.
    public struct Problem: Hashable, Sendable, Codable {
        /// Counts from 1; 0 where what was read has no lines.
        public var line: Int
        /// What it is and what would be needed instead; of foreign bytes only printable ASCII is repeated.
        public var reason: String

        public init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }
    }

    public var form: Form
    /// In the listing's order. All of one size, unless the listing shows several maps.
    public var keys: [SockmapKey] = []
    /// The first ones, up to ``longestProblemList``.
    public private(set) var problems: [Problem] = []
    /// All of them, those that are not listed as well.
    public private(set) var problemCount = 0

    public static let longestProblemList = 100

    /// What was taken away or passed over that is no part of a dump, and odd forms that were read all the same.
    public internal(set) var notes: [String] = []
    /// Of a diff: the keys that only the new, or only the old, file has.
    public private(set) var added: Set<SockmapKey> = []
    public private(set) var removed: Set<SockmapKey> = []
    /// Lines that were passed over, and the first of them.
    private(set) var passedOver = PassedOver()

    struct PassedOver: Hashable {
        var count = 0
        var first = ""
    }

    init(form: Form) { self.form = form }

    /// Reads a listing of any length and any content.
    ///
    /// - Parameter keySizes: the sizes, in bytes, that keys may have where the listing does not tell where one ends.
    public init(_ bytes: [UInt8], keySizes: Set<Int> = Set(KeyLayout.known.map(\.size))) {
        self.init(bytes, keySizes: keySizes, depth: 0)
    }

    /// JSON inside JSON inside JSON is enough.
    private static let deepest = 3

    private init(_ bytes: [UInt8], keySizes: Set<Int>, depth: Int) {
        let wrapping = DumpWrapping(DumpCharacters.plain(bytes))
        self.init(wrapping, .new, keySizes, depth)
        if wrapping.isDiff { merge(old: KeyDump(wrapping, .old, keySizes, depth)) }
        if passedOver.count > 0 {
            let lines = passedOver.count == 1 ? "1 line is" : "\(passedOver.count) lines are"
            notes.append("\(lines) no part of a dump, first \(passedOver.first)")
        }
        notes = wrapping.notes + notes
    }

    /// One side of a diff, or what is no diff.
    private init(_ wrapping: DumpWrapping, _ side: DumpLine.Side, _ keySizes: Set<Int>, _ depth: Int) {
        let lines = wrapping.lines(of: side)
        guard let start = Self.beginningOfJSON(lines, wrapping.bytes) else {
            var reader = DumpText(wrapping.bytes, lines, keySizes: keySizes, isExcerpt: wrapping.isDiff)
            self = reader.read()
            return
        }
        let text = wrapping.text(of: side)
        var reader = DumpJSON(text, behind: start - 1)
        self = reader.read()
        guard keys.isEmpty, depth < Self.deepest else { return }
        let embedded = EmbeddedDump.all(in: text).map { ($0, KeyDump($0.text, keySizes: keySizes, depth: depth + 1)) }
        guard let best = embedded.max(by: { $0.1.keys.count < $1.1.keys.count }), !best.1.keys.isEmpty else { return }
        self = best.1
        problems = problems.map { Problem(line: best.0.lines[min($0.line, best.0.lines.count) - 1], reason: $0.reason) }
        sortProblems()
        passedOver = PassedOver()
        notes.append("the dump is a string inside other JSON")
    }

    /// The line in which JSON begins; `nil`: what is there is text. Before it may stand a prompt or a sentence.
    private static func beginningOfJSON(_ lines: [DumpLine], _ bytes: [UInt8]) -> Int? {
        var isFirst = true
        for line in lines {
            let text = bytes[line.range].drop(while: isBlank)
            guard let first = text.first else { continue }
            let isOpening = first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
            if isFirst, isOpening { return line.number }
            isFirst = false
            if text.starts(with: "key:".utf8) || text.starts(with: "value:".utf8) { return nil }
            if text.starts(with: "\"key\"".utf8) { return line.number }
            if isOpening {
                let next = text.dropFirst().first { !isBlank($0) && $0 != UInt8(ascii: "[") }
                if next == nil || next == UInt8(ascii: "{") || next == UInt8(ascii: "\"") || next == UInt8(ascii: "]") {
                    return line.number
                }
            }
        }
        return nil
    }

    /// Adds what only the old file of a diff has.
    private mutating func merge(old: KeyDump) {
        if keys.isEmpty { form = old.form }
        let (before, after) = (Set(old.keys), Set(keys))
        added = after.subtracting(before)
        removed = before.subtracting(after)
        keys += old.keys.filter { !after.contains($0) }
        let known = Set(problems)
        problemCount += old.problemCount - old.problems.count
        for problem in old.problems where !known.contains(problem) { add(problem.line, problem.reason) }
        sortProblems()
    }

    /// Remembers a line that is no part of a dump.
    mutating func passOver(_ line: Int, _ text: ArraySlice<UInt8>) {
        if passedOver.count == 0 { passedOver.first = "line \(line): \(quoted(text))" }
        passedOver.count += 1
    }

    mutating func add(_ line: Int, _ reason: @autoclosure () -> String) {
        problemCount += 1
        if problems.count < Self.longestProblemList { problems.append(Problem(line: line, reason: reason())) }
    }

    /// Adds a whole key, if there is one of that many bytes.
    mutating func add(key bytes: [UInt8], size: Int, line: Int) {
        if size == 0 {
            add(line, "a key without bytes")
        } else if size > SockmapKey.longest || size != bytes.count {
            add(line, "a key of \(size) bytes; Unstuck reads keys of up to \(SockmapKey.longest)")
        } else {
            keys.append(SockmapKey(bytes))
        }
    }

    mutating func sortProblems() { problems.sort { ($0.line, $0.reason) < ($1.line, $1.reason) } }
}

let newline = UInt8(ascii: "\n")

func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
}

func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// Foreign bytes for a message: printable ASCII, at most 48 of them.
func quoted(_ bytes: ArraySlice<UInt8>) -> String {
    let shown = bytes.prefix(48).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
    return "\"\(String(decoding: shown, as: UTF8.self))\(bytes.count > 48 ? "…" : "")\""
}
