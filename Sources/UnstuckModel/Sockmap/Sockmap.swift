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
    /// What the BTF of the map's programs says of its keys; `nil` where none says anything.
    public var keyType: KeyType?
    /// The layout that the keys have as given with `--layout`: a name of ``KeyLayout/known``.
    public var declaredLayout: String?
    /// Ids of the programs that use it, without Unstuck's own; `nil`: nobody asked.
    public var users: [UInt32]?
    public var entries: [SockmapEntry]
    /// The keys, where they were walked because the iterator could not be used; `entries` is empty then.
    public var walk: SockmapWalk?

    public init(
        id: UInt32, name: String, kind: Kind, keySize: Int, valueSize: Int, maxEntries: Int, pins: [String] = [],
        keyType: KeyType? = nil, entries: [SockmapEntry] = []
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.keySize = keySize
        self.valueSize = valueSize
        self.maxEntries = maxEntries
        self.pins = pins
        self.keyType = keyType
        self.entries = entries
    }
}

/// One entry: the bytes of its key and the socket that is really behind it.
public struct SockmapEntry: Hashable, Sendable, Codable {
    public var key: SockmapKey
    public var socket: KernelSocket
    /// The same socket sat here before and after the TCP tables were read. Where it did not, nothing is concluded
    /// from this entry and a socket of those tables.
    public var isStable: Bool

    public init(key: SockmapKey, socket: KernelSocket, isStable: Bool = false) {
        self.key = key
        self.socket = socket
        self.isStable = isStable
    }

    private enum CodingKeys: String, CodingKey {
        case key, isStable
        case socket = "socket"
        /// Snapshots of version 1 call it that.
        case formerSocket = "resident"  // version 1
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        key = try values.decode(SockmapKey.self, forKey: .key)
        socket =
            try values.decodeIfPresent(KernelSocket.self, forKey: .formerSocket)
            ?? values.decode(KernelSocket.self, forKey: .socket)
        isStable = try values.decode(Bool.self, forKey: .isStable)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(key, forKey: .key)
        try values.encode(socket, forKey: .socket)
        try values.encode(isStable, forKey: .isStable)
    }
}

/// The bytes of a key; written as hex. They lie in the value itself, so that a pass over a full map allocates nothing
/// for each entry.
public struct SockmapKey: Sendable {
    /// The longest key that there is for us, in bytes; the declared layouts need 44.
    public static let longest = 64

    public let count: Int
    /// The bytes from the lowest of the first word on; those behind `count` are 0.
    private var words: InlineArray<8, UInt64>

    /// - Parameter words: the key, eight bytes a word, the first byte lowest; bytes behind `count` do not matter.
    /// - Precondition: `count` is at most ``longest``.
    public init(words: InlineArray<8, UInt64>, count: Int) {
        precondition((0...Self.longest).contains(count), "a key is at most 64 bytes long")
        self.count = count
        self.words = words
        if count & 7 != 0 { self.words[count >> 3] &= 1 << UInt64((count & 7) * 8) - 1 }
        for index in (count + 7) >> 3..<8 { self.words[index] = 0 }
    }

    /// - Precondition: there are at most ``longest`` bytes.
    public init(_ bytes: [UInt8]) {
        var words = InlineArray<8, UInt64>(repeating: 0)
        precondition(bytes.count <= Self.longest, "a key is at most 64 bytes long")
        for (index, byte) in bytes.enumerated() { words[index >> 3] |= UInt64(byte) << UInt64((index & 7) * 8) }
        self.init(words: words, count: bytes.count)
    }

    public subscript(index: Int) -> UInt8 {
        precondition((0..<count).contains(index), "a key's byte")
        return UInt8(truncatingIfNeeded: words[index >> 3] >> UInt64((index & 7) * 8))
    }

    /// Eight bytes from byte `index * 8` on, the first one lowest; 0 behind the end.
    public func word(_ index: Int) -> UInt64 { words[index] }

    /// Eight bytes from any one on, the first one lowest; 0 behind the end.
    func eightBytes(at offset: Int) -> UInt64 {
        let shift = UInt64((offset & 7) * 8)
        let low = words[offset >> 3] >> shift
        return shift == 0 || offset >> 3 == 7 ? low : low | words[(offset >> 3) + 1] << (64 - shift)
    }

    public var bytes: [UInt8] {
        get { (0..<count).map { self[$0] } }
        set { self = SockmapKey(newValue) }
    }
}

extension SockmapKey: Hashable {
    public static func == (one: SockmapKey, other: SockmapKey) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<8 where one.words[index] != other.words[index] { return false }
        return true
    }

    public func hash(into hasher: inout Hasher) {
        for index in 0..<(count + 7) >> 3 { hasher.combine(words[index]) }
    }
}

extension SockmapKey: CustomStringConvertible, Codable {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Lower-case hex without separators.
    public var description: String {
        String(decoding: bytes.flatMap { [Self.digits[Int($0 >> 4)], Self.digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Hex with or without spaces between bytes, as bpftool and the incident's listings print it; `nil` for anything
    /// else, and for a key that is too long.
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
        guard half == nil, bytes.count <= Self.longest else { return nil }
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
