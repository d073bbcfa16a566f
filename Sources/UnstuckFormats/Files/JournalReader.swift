import FoundationEssentials
import UnstuckModel

/// What is wrong with a journal, and in which line, counted from 1.
public enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Longer than ``JournalReader/longestLine``.
    case tooLong(line: Int)
    /// No JSON, or not of a journal's line.
    case malformed(line: Int, why: String)

    public var line: Int {
        switch self {
        case .tooLong(let line), .malformed(let line, _): line
        }
    }

    public var description: String {
        switch self {
        case .tooLong(let line): "line \(line) is longer than \(JournalReader.longestLine) bytes"
        case .malformed(let line, let why): "line \(line): \(why)"
        }
    }
}

/// The bytes of a journal -> its lines, one by one. A damaged line is reported and passed over; a last line without its end
/// was torn by a crash or a kill in the middle of a write, and is no line.
public struct JournalReader: Sequence, IteratorProtocol {
    public enum Item: Sendable {
        case line(JournalLine)
        case damaged(JournalError)
        /// The last line's beginning, from this byte on, is all there is of it.
        case torn(at: Int)
    }

    /// Bytes of a line that is still read; the longest that is written has less than 2,000.
    public static let longestLine = 65_536

    private let bytes: [UInt8]
    private var offset = 0
    private var number = 0
    private let decoder = JSONDecoder()

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public mutating func next() -> Item? {
        while offset < bytes.count {
            let start = offset
            guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else {
                offset = bytes.count
                return .torn(at: start)
            }
            offset = end + 1
            number += 1
            if end > start { return decode(bytes[start..<end]) }
        }
        return nil
    }

    private func decode(_ line: ArraySlice<UInt8>) -> Item {
        guard line.count <= Self.longestLine else { return .damaged(.tooLong(line: number)) }
        do {
            return .line(try decoder.decode(JournalLine.self, from: Data(line)))
        } catch {
            return .damaged(.malformed(line: number, why: Self.words(error)))
        }
    }

    private static func words(_ error: any Error) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case DecodingError.keyNotFound(let key, _): return "\"\(key.stringValue)\" is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            return context.codingPath.isEmpty ? "not an object" : "\"\(path(context))\" is of the wrong kind"
        case DecodingError.dataCorrupted(let context):
            return context.codingPath.isEmpty ? "not JSON" : "\"\(path(context))\" cannot be understood"
        default: return "not JSON"
        }
    }
}
