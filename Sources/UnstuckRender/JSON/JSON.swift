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
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }

    /// - Throws: `DecodingError` with the place that does not fit.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
