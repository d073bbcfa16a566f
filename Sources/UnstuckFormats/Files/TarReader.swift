/// Files of a tar archive, taken out of its bytes piece by piece: what is not wanted is not kept.
///
/// POSIX ustar with pax headers, and GNU's long names (POSIX.1-2017, pax; GNU tar's manual, "Basic Tar Format").
public struct TarReader {
    /// Why it cannot be read on, and where.
    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// A header's checksum is another, or a number in it is none.
        case damaged(at: Int)
        /// The bytes end before the archive does.
        case truncated(at: Int)
        /// What is wanted is larger than ``TarReader/mostBytes``.
        case tooLarge

        public var description: String {
            switch self {
            case .damaged(let place): "it is damaged at byte \(place)"
            case .truncated(let place): "it is cut off after \(place) bytes"
            case .tooLarge: "what is wanted of it has more than \(TarReader.mostBytes) bytes"
            }
        }
    }

    /// Bytes of all wanted files together.
    public static let mostBytes = 1 << 30
    /// Bytes by which an archive is reported from anything else.
    public static let headLength = 512
    private static let block = headLength
    /// Bytes of a name or a pax header.
    private static let longestName = 1 << 16

    /// Wanted files by their paths.
    public private(set) var files: [String: [UInt8]] = [:]

    private let wants: (String) -> Bool
    private var header: [UInt8] = []
    /// Of the file that is being read, or of a header about the next one.
    private var current: (kind: Kind, path: String, bytes: [UInt8])?
    /// Bytes of it that are still to come, and of what fills its last block.
    private var (left, padding) = (0, 0)
    private var longPath: String?
    private var position = 0
    private var kept = 0
    private var isAtEnd = false

    private enum Kind { case wanted, passed, gnuName, pax }

    /// - Parameter wants: whether a path is wanted.
    public init(wants: @escaping (String) -> Bool) { self.wants = wants }

    /// Whether the bytes begin a tar archive.
    public static func isOne(_ bytes: [UInt8]) -> Bool {
        bytes.count >= block && bytes[257..<262].elementsEqual("ustar".utf8)
    }

    public mutating func add(_ piece: ArraySlice<UInt8>) throws(Failure) {
        var piece = piece
        while !piece.isEmpty, !isAtEnd {
            let taken: ArraySlice<UInt8>
            if left > 0 {
                taken = piece.prefix(left)
                if current?.kind != .passed { current?.bytes += taken }
                left -= taken.count
            } else if padding > 0 {
                taken = piece.prefix(padding)
                padding -= taken.count
            } else {
                taken = piece.prefix(Self.block - header.count)
                header += taken
            }
            position += taken.count
            piece = piece.dropFirst(taken.count)
            if header.count == Self.block {
                try read(header)
                header = []
            }
            if left == 0 { endFile() }
        }
    }

    /// - Throws: where the archive is not whole.
    public func end() throws(Failure) {
        guard isAtEnd || (left == 0 && header.isEmpty) else { throw .truncated(at: position) }
    }

    private mutating func read(_ header: [UInt8]) throws(Failure) {
        let start = position - Self.block
        guard header.contains(where: { $0 != 0 }) else {
            isAtEnd = true
            return
        }
        // The checksum's own field counts as spaces.
        let sum = header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 0x20 : Int($1.element)) }
        guard let size = Self.number(header[124..<136]), Self.number(header[148..<156]) == sum else {
            throw .damaged(at: start)
        }
        (left, padding) = (size, (Self.block - size % Self.block) % Self.block)
        switch header[156] {
        case UInt8(ascii: "L"), UInt8(ascii: "x"):
            guard size <= Self.longestName else { throw .damaged(at: start) }
            current = (header[156] == UInt8(ascii: "L") ? .gnuName : .pax, "", [])
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            var path = longPath ?? Self.path(header)
            while path.hasPrefix("./") { path.removeFirst(2) }
            longPath = nil
            guard wants(path) else {
                current = (.passed, path, [])
                return
            }
            kept += size
            guard kept <= Self.mostBytes else { throw .tooLarge }
            current = (.wanted, path, [])
        default:
            // A folder, a link, or a header about all files.
            if header[156] != UInt8(ascii: "g"), header[156] != UInt8(ascii: "K") { longPath = nil }
            current = (.passed, "", [])
        }
    }

    private mutating func endFile() {
        guard let (kind, path, bytes) = current else { return }
        current = nil
        switch kind {
        case .wanted: files[path] = bytes
        case .passed: break
        case .gnuName: longPath = Self.text(bytes[...])
        case .pax: longPath = Self.paxPath(bytes) ?? longPath
        }
    }

    /// Octal digits, or with the first bit set a number in 95 bits (GNU).
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        if let first = field.first, first & 0x80 != 0 {
            let digits = [first & 0x7F] + field.dropFirst()
            guard digits.dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
            return digits.suffix(7).reduce(0) { $0 << 8 | Int($1) }
        }
        let digits = text(field).filter { $0 != " " }
        return digits.isEmpty ? 0 : digits.hasPrefix("-") ? nil : Int(digits, radix: 8)
    }

    private static func path(_ header: [UInt8]) -> String {
        let (name, prefix) = (text(header[..<100]), text(header[345..<500]))
        // GNU's own format has times where ustar has a prefix.
        let isPOSIX = header[262] == 0
        return isPOSIX && !prefix.isEmpty ? "\(prefix)/\(name)" : name
    }

    /// `LENGTH path=VALUE\n`, the length counting itself.
    private static func paxPath(_ bytes: [UInt8]) -> String? {
        var rest = bytes[...]
        while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
            guard let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length > space - rest.startIndex + 1,
                length <= rest.count
            else { return nil }
            let record = String(decoding: rest[(space + 1)..<(rest.startIndex + length)], as: UTF8.self)
            if record.hasPrefix("path=") { return String(record.dropFirst(5).prefix { $0 != "\n" }) }
            rest = rest.dropFirst(length)
        }
        return nil
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
}
