/// One observation: a label, and a value in its unit.
public struct Fact: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
        case text(String)
        case bytes(UInt64)
        case count(UInt64)
        case seconds(Double)
    }

    public var label: String
    public var value: Value

    public init(_ label: String, _ value: Value) {
        self.label = label
        self.value = value
    }

    public init(_ label: String, _ text: String) { self.init(label, .text(text)) }

    /// `nil`: it was not read.
    public init?(_ label: String, count: (some UnsignedInteger)?) {
        guard let count else { return nil }
        self.init(label, .count(UInt64(count)))
    }

    /// The value for people: "34 bytes", "14 s".
    public var text: String {
        switch value {
        case .text(let text): text
        case .bytes(let count): pluralized(count, "byte")
        case .count(let count): "\(count)"
        case .seconds(let seconds): durationText(seconds)
        }
    }
}

/// As JSON: `label` and `text`, and for what is counted or measured also `value` and `unit`.
extension Fact: Codable {
    private enum CodingKeys: String, CodingKey { case label, text, value, unit }
    private enum Unit: String, Codable { case bytes, count, seconds }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        label = try container.decode(String.self, forKey: .label)
        switch try container.decodeIfPresent(Unit.self, forKey: .unit) {
        case .bytes: value = .bytes(try container.decode(UInt64.self, forKey: .value))
        case .count: value = .count(try container.decode(UInt64.self, forKey: .value))
        case .seconds: value = .seconds(try container.decode(Double.self, forKey: .value))
        case nil: value = .text(try container.decode(String.self, forKey: .text))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(label, forKey: .label)
        try container.encode(text, forKey: .text)
        switch value {
        case .text: break
        case .bytes(let count):
            try container.encode(count, forKey: .value)
            try container.encode(Unit.bytes, forKey: .unit)
        case .count(let count):
            try container.encode(count, forKey: .value)
            try container.encode(Unit.count, forKey: .unit)
        case .seconds(let seconds):
            try container.encode(seconds, forKey: .value)
            try container.encode(Unit.seconds, forKey: .unit)
        }
    }
}
