/// How a sockmap key's bytes encode the 4-tuple of the entry's resident, as data.
///
/// `local` and `remote` are the resident's own view: a layout that an accelerator stores "swapped" simply declares the
/// peer's address first.
public struct KeyLayout: Hashable, Sendable {
    /// How a port lies in its bytes.
    public enum PortEncoding: String, Sendable {
        /// Network order in the first two of four bytes: `1f 90 00 00` is 8080.
        case networkIn32 = "N32"
        /// Host order in four bytes (little-endian): `90 1f 00 00`.
        case hostIn32 = "H32"
        case network16 = "N16"
        case host16 = "H16"

        public var width: Int { self == .network16 || self == .host16 ? 2 : 4 }
    }

    /// One part of a key.
    public enum Field: Hashable, Sendable {
        /// 16 bytes: an IPv6 address, or an IPv4 address in the first four and zeros behind it.
        case localAddress, remoteAddress
        case localPort(PortEncoding), remotePort(PortEncoding)
        /// One byte that tells the address family.
        case family(v4: UInt8, v6: UInt8)
        /// A byte that must be one of these two.
        case oneOf(UInt8, UInt8)
    }

    /// Who lays keys out like this.
    public var name: String
    public var size: Int
    /// Parts by the offset of their first byte; bytes that no part covers must be 0.
    public var fields: [(offset: Int, field: Field)] { parts.map { ($0.offset, $0.field) } }

    private struct Part: Hashable, Sendable {
        var offset: Int
        var field: Field
    }
    private var parts: [Part]
    /// A mask of the bytes that no part covers.
    private var mustBeZero: SockmapKey

    public init(name: String, size: Int, fields: [(offset: Int, field: Field)]) {
        self.name = name
        self.size = size
        parts = fields.map { Part(offset: $0.offset, field: $0.field) }
        var covered = Set<Int>()
        for part in parts { covered.formUnion(part.offset..<part.offset + part.field.width) }
        mustBeZero = SockmapKey((0..<size).map { covered.contains($0) ? 0 : 0xFF })
    }

    /// The tuple that a key claims, as its resident would see it; `nil` if the bytes do not fit this layout.
    public func decode(_ key: [UInt8]) -> FourTuple? {
        key.count == size ? decode(SockmapKey(key)) : nil
    }

    /// As ``decode(_:)-([UInt8])``.
    public func decode(_ key: SockmapKey) -> FourTuple? {
        guard key.count == size else { return nil }
        for index in 0..<(size + 7) >> 3 where key.word(index) & mustBeZero.word(index) != 0 { return nil }
        var local = Endpoint(IPAddress(v4: 0), 0)
        var remote = local
        var isV6: Bool?
        for part in parts {
            switch part.field {
            case .family(let v4, let v6):
                guard key[part.offset] == v4 || key[part.offset] == v6 else { return nil }
                isV6 = key[part.offset] == v6
            case .oneOf(let one, let other):
                guard key[part.offset] == one || key[part.offset] == other else { return nil }
            case .localPort(let encoding):
                guard let port = encoding.decode(key, part.offset) else { return nil }
                local.port = port
            case .remotePort(let encoding):
                guard let port = encoding.decode(key, part.offset) else { return nil }
                remote.port = port
            case .localAddress, .remoteAddress: break
            }
        }
        for part in parts {
            switch part.field {
            case .localAddress:
                guard let address = Self.address(key, part.offset, isV6: isV6) else { return nil }
                local.address = address
            case .remoteAddress:
                guard let address = Self.address(key, part.offset, isV6: isV6) else { return nil }
                remote.address = address
            default: break
            }
        }
        return FourTuple(local: local, remote: remote)
    }

    /// The key under which this layout files the socket with that tuple.
    public func encode(_ tuple: FourTuple) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: size)
        func put(_ bytes: [UInt8], at offset: Int) {
            for (index, byte) in bytes.enumerated() { key[offset + index] = byte }
        }
        for part in parts {
            switch part.field {
            case .localAddress: put(tuple.local.address.bytes, at: part.offset)
            case .remoteAddress: put(tuple.remote.address.bytes, at: part.offset)
            case .localPort(let encoding): put(encoding.encode(tuple.local.port), at: part.offset)
            case .remotePort(let encoding): put(encoding.encode(tuple.remote.port), at: part.offset)
            case .family(let v4, let v6): key[part.offset] = tuple.local.address.isV4 ? v4 : v6
            case .oneOf(let first, _): key[part.offset] = first
            }
        }
        return key
    }

    private static func address(_ key: SockmapKey, _ offset: Int, isV6: Bool?) -> IPAddress? {
        let high = key.eightBytes(at: offset).byteSwapped
        let low = key.eightBytes(at: offset + 8).byteSwapped
        if isV6 == true { return IPAddress(high: high, low: low) }
        guard high & 0xFFFF_FFFF == 0, low == 0 else { return nil }
        return IPAddress(v4: UInt32(truncatingIfNeeded: high >> 32))
    }
}

extension KeyLayout.Field {
    /// Bytes that the part takes.
    public var width: Int {
        switch self {
        case .localAddress, .remoteAddress: 16
        case .localPort(let encoding), .remotePort(let encoding): encoding.width
        case .family, .oneOf: 1
        }
    }
}

extension KeyLayout.PortEncoding {
    fileprivate func decode(_ key: SockmapKey, _ offset: Int) -> UInt16? {
        let first = UInt16(key[offset])
        let second = UInt16(key[offset + 1])
        guard width == 2 || (key[offset + 2] == 0 && key[offset + 3] == 0) else { return nil }
        switch self {
        case .networkIn32, .network16: return first << 8 | second
        case .hostIn32, .host16: return second << 8 | first
        }
    }

    fileprivate func encode(_ port: UInt16) -> [UInt8] {
        let pair: [UInt8] =
            switch self {
            case .networkIn32, .network16: [UInt8(port >> 8), UInt8(port & 0xFF)]
            case .hostIn32, .host16: [UInt8(port & 0xFF), UInt8(port >> 8)]
            }
        return pair + Array(repeating: 0, count: width - 2)
    }
}

extension KeyLayout {
    /// Cilium up to 1.13, `cilium_sock_ops`: 44 bytes, stored swapped (the key's "source" is the resident's peer).
    /// Byte 33 is padding in older versions and the protocol (6) in newer ones.
    ///
    /// Source: cilium v1.11.10 `pkg/maps/sockmap/sockmap.go`, `bpf/sockops/bpf_sockops.h`.
    public static let cilium = KeyLayout(
        name: "cilium", size: 44,
        fields: [
            (0, .remoteAddress), (16, .localAddress), (32, .family(v4: 1, v6: 2)), (33, .oneOf(0, 6)),
            (36, .remotePort(.networkIn32)), (40, .localPort(.networkIn32)),
        ])

    /// Every layout that is declared.
    public static let declared: [KeyLayout] = [.cilium]
}
