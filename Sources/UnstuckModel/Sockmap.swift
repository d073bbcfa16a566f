/// A BPF SOCKMAP or SOCKHASH with the entries that one pass saw.
public struct Sockmap: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable { case sockmap, sockhash }

    public var id: UInt32
    public var name: String
    public var kind: Kind
    public var keySize: Int
    public var valueSize: Int
    public var maxEntries: Int
    /// Where bpffs pins it, as far as we could look.
    public var pins: [String]
    public var entries: [SockmapEntry]

    public init(
        id: UInt32, name: String, kind: Kind, keySize: Int, valueSize: Int, maxEntries: Int, pins: [String] = [],
        entries: [SockmapEntry] = []
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.keySize = keySize
        self.valueSize = valueSize
        self.maxEntries = maxEntries
        self.pins = pins
        self.entries = entries
    }
}

/// One entry: the bytes of its key and the socket that really sits behind it, the **resident**.
public struct SockmapEntry: Hashable, Sendable, Codable {
    public var key: SockmapKey
    public var resident: KernelSocket
    /// The same resident sat here before and after the TCP tables were read. Where it did not, nothing is concluded
    /// from this entry and a socket of those tables.
    public var isStable: Bool

    public init(key: SockmapKey, resident: KernelSocket, isStable: Bool = false) {
        self.key = key
        self.resident = resident
        self.isStable = isStable
    }
}

/// The bytes of a key; written as hex.
public struct SockmapKey: Hashable, Sendable {
    public var bytes: [UInt8]
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

extension SockmapKey: CustomStringConvertible, Codable {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Lower-case hex without separators.
    public var description: String {
        String(decoding: bytes.flatMap { [Self.digits[Int($0 >> 4)], Self.digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Hex with or without spaces between bytes, as bpftool and the incident's listings print it.
    public init?(hex: some StringProtocol) {
        var bytes: [UInt8] = []
        var half: UInt8?
        for character in hex.utf8 where character != UInt8(ascii: " ") && character != UInt8(ascii: "\n") {
            guard let value = Character(UnicodeScalar(character)).hexDigitValue else { return nil }
            if let first = half {
                bytes.append(first << 4 | UInt8(value))
                half = nil
            } else {
                half = UInt8(value)
            }
        }
        guard half == nil else { return nil }
        self.init(bytes)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let key = try SockmapKey(hex: container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a key is not hex")
        }
        self = key
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
