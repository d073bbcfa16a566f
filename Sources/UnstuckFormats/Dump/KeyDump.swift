import UnstuckModel

/// The keys that somebody else's listing of a map shows, and what in it could not be understood.
///
/// Three forms are read, and told apart by their first bytes and lines: what `bpftool map dump` prints, the same with
/// `-j` or `-p`, and rows of hex that were cut out of a dump with grep.
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

    init(form: Form) { self.form = form }

    /// Reads a listing of any length and any content.
    ///
    /// - Parameter keySizes: the sizes, in bytes, that keys may have where the listing does not tell where one ends.
    public init(_ bytes: [UInt8], keySizes: Set<Int> = Set(KeyLayout.declared.map(\.size))) {
        let first = bytes.first { !isBlank($0) && $0 != newline }
        if first == UInt8(ascii: "[") || first == UInt8(ascii: "{") {
            var reader = DumpJSON(bytes)
            self = reader.read()
        } else {
            var reader = DumpText(bytes, keySizes: keySizes)
            self = reader.read()
        }
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
