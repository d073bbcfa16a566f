import FoundationEssentials
import UnstuckModel

/// JSON for machines: one schema a command, each with its name and version on top.
public enum JSON {
    /// `{"schema": "unstuck.<command>/<version>", "unstuck": …, <fields of the value>}`
    private struct Document<Value: Encodable>: Encodable {
        var schema: String
        var unstuck: String
        var data: Value
    }

    /// - Throws: `EncodingError`, for a number that JSON cannot hold.
    public static func document(_ value: some Encodable, command: String, version: Int = 1) throws -> String {
        try text(Document(schema: "unstuck.\(command)/\(version)", unstuck: unstuckVersion, data: value))
    }

    /// A value alone, sorted keys.
    public static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return escaped(String(decoding: try encoder.encode(value), as: UTF8.self)) + "\n"
    }

    /// As ``text(_:)``, without the last line's end: a piece of a document.
    public static func bytes(_ value: some Encodable) throws -> [UInt8] { Array(try text(value).utf8.dropLast()) }

    /// The same document, safe to print on a terminal: what acts on one stands only in texts, and there as `\uXXXX`.
    static func escaped(_ document: String) -> String {
        guard document.unicodeScalars.contains(where: \.actsOnTerminals) else { return document }
        var result = ""
        for scalar in document.unicodeScalars {
            if scalar.actsOnTerminals { result += escape(scalar) } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }

    /// `\u202e`. None of those that act on terminals is beyond the first plane.
    static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// - Throws: `DecodingError` with the place that does not fit.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
