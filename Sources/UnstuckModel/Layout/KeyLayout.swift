/// How a sockmap key's bytes name the socket that is stored under it, as data.
///
/// `local` and `remote` are the socket's own view: a layout that an accelerator stores "swapped" simply declares the
/// peer's address first.
public struct KeyLayout: Hashable, Sendable {
    /// How an address lies in its bytes; in network order where nothing else is said.
    public enum AddressEncoding: String, Sendable {
        /// Four bytes; the layout knows IPv4 only.
        case v4
        /// The same in the order of a little-endian host: 192.0.2.1 is `01 02 00 c0`.
        case v4Host = "v4 in host order"
        /// 16 bytes: an IPv6 address, or an IPv4 address in the first four and zeros behind it; a family byte tells.
        case padded16
        /// 16 bytes: an IPv6 address, or an IPv4 address mapped into it (`::ffff:192.0.2.1`).
        case mapped16

        public var width: Int { isV4Only ? 4 : 16 }
        var isV4Only: Bool { self == .v4 || self == .v4Host }
    }

    /// How a port lies in its bytes, as a little-endian machine writes it.
    public enum PortEncoding: String, Sendable, CaseIterable {
        /// Network order in the first two of four bytes: `1f 90 00 00` is 8080.
        case networkIn32 = "N32"
        /// Host order in four bytes: `90 1f 00 00`.
        case hostIn32 = "H32"
        /// Network order in the last two of four bytes: `00 00 1f 90`.
        case networkLastIn32 = "NH32"
        case network16 = "N16"
        case host16 = "H16"

        public var width: Int { self == .network16 || self == .host16 ? 2 : 4 }
    }

    /// One part of a key.
    public enum Field: Hashable, Sendable {
        case localAddress(AddressEncoding), remoteAddress(AddressEncoding)
        case localPort(PortEncoding), remotePort(PortEncoding)
        /// The address and the port of the one end that the key names; ``side(width:local:remote:)`` tells which.
        case sideAddress(AddressEncoding), sidePort(PortEncoding)
        /// A little-endian number of `width` bytes: which end of its socket the key names.
        case side(width: Int, local: UInt8, remote: UInt8)
        /// A little-endian number of `width` bytes that tells the address family.
        case family(width: Int, v4: UInt8, v6: UInt8)
        /// A byte that must be one of these two.
        case oneOf(UInt8, UInt8)
        /// Bytes that tell something which no look can check (a namespace's cookie): nothing is concluded from them.
        case opaque(width: Int)
        /// `SO_COOKIE` of the socket, eight bytes in host order.
        case socketCookie
    }

    /// What a key names, and so what can be concluded from it.
    public enum Naming: String, Sendable {
        /// Both ends and nothing else: a connection that finds another socket under its key is misdirected.
        case connection
        /// Both ends and more that no look can check.
        case connectionAndMore = "connection and more"
        /// One end only: many connections share what is left.
        case oneEnd = "one end"
        /// A socket's cookie, which no other socket ever has: a stale entry keeps nobody out.
        case socket
    }

    /// What an accelerator does where a key is taken, and so what a stale entry costs.
    public enum Conflict: String, Sendable {
        /// It keeps what is there (BPF_NOEXIST): the new connection is accelerated on one side only, and hangs.
        case keepsOld = "keeps the old entry"
        /// It replaces what is there (BPF_ANY): nobody hangs, and stale entries still fill the map.
        case replaces = "replaces the old entry"
        /// Its programs never redirect: an entry keeps nobody's bytes.
        case neverRedirects = "never redirects"
    }

    /// Who lays keys out like this.
    public let name: String
    /// The worst, where nothing is known.
    public let conflict: Conflict
    public let size: Int
    public let naming: Naming
    /// Parts by the offset of their first byte; bytes that no part covers must be 0.
    public var fields: [(offset: Int, field: Field)] { parts.map { ($0.offset, $0.field) } }

    private struct Part: Hashable, Sendable {
        var offset: Int
        var field: Field
    }
    private let parts: [Part]
    /// A mask of the bytes that no part covers.
    private let mustBeZero: SockmapKey
    private let hasLocal: Bool
    private let hasRemote: Bool
    /// Some of its keys name the local end of their socket, and some the remote one.
    private let hasSides: Bool
    /// Keys of IPv6 connections can be told.
    public let carriesV6: Bool
    /// In a layout for IPv4, what stands for both addresses of an IPv6 connection; `nil`: it never names one.
    public let v6Placeholder: IPAddress?

    /// - Precondition: the parts lie within `size` bytes, at most ``SockmapKey/longest``.
    public init(
        name: String, size: Int, fields: [(offset: Int, field: Field)], v6Placeholder: IPAddress? = nil,
        conflict: Conflict = .keepsOld
    ) {
        self.name = name
        self.conflict = conflict
        self.size = size
        self.v6Placeholder = v6Placeholder
        parts = fields.map { Part(offset: $0.offset, field: $0.field) }
        var covered = Set<Int>()
        for part in parts { covered.formUnion(part.offset..<part.offset + part.field.width) }
        precondition(covered.allSatisfy { (0..<size).contains($0) }, "a part lies outside of its key")
        mustBeZero = SockmapKey((0..<size).map { covered.contains($0) ? 0 : 0xFF })
        var has = (local: false, remote: false, sides: false, cookie: false, opaque: false, v4Only: false)
        for part in parts {
            switch part.field {
            case .localAddress(let encoding):
                has.local = true
                if encoding.isV4Only { has.v4Only = true }
            case .remoteAddress(let encoding):
                has.remote = true
                if encoding.isV4Only { has.v4Only = true }
            case .sideAddress(let encoding):
                if encoding.isV4Only { has.v4Only = true }
            case .side: has.sides = true
            case .opaque: has.opaque = true
            case .socketCookie: has.cookie = true
            case .localPort, .remotePort, .sidePort, .family, .oneOf: break
            }
        }
        hasSides = has.sides
        hasLocal = has.local
        hasRemote = has.remote
        carriesV6 = !has.v4Only
        naming =
            has.cookie
            ? .socket : !(has.local && has.remote) ? .oneEnd : has.opaque ? .connectionAndMore : .connection
    }

    /// The tuple that a key claims, as its socket would see it; an end that the layout does not name is `0.0.0.0:0`.
    /// `nil` if the bytes do not fit this layout, or name a socket by its cookie.
    public func decode(_ key: [UInt8]) -> FourTuple? {
        key.count == size ? decode(SockmapKey(key)) : nil
    }

    /// As ``decode(_:)-([UInt8])``.
    public func decode(_ key: SockmapKey) -> FourTuple? {
        guard key.count == size, naming != .socket, hasItsZeros(key) else { return nil }
        var local = Self.nowhere
        var remote = Self.nowhere
        var isV6: Bool?
        var side = Self.nowhere
        var isRemoteSide: Bool?
        for part in parts {
            switch part.field {
            case .family(let width, let v4, let v6):
                guard let number = Self.byte(key, part.offset, width), number == v4 || number == v6 else { return nil }
                isV6 = number == v6
            case .side(let width, let ofLocal, let ofRemote):
                guard let number = Self.byte(key, part.offset, width), number == ofLocal || number == ofRemote else {
                    return nil
                }
                isRemoteSide = number == ofRemote
            case .oneOf(let one, let other):
                guard key[part.offset] == one || key[part.offset] == other else { return nil }
            case .localPort(let encoding):
                guard let port = encoding.decode(key, part.offset) else { return nil }
                local.port = port
            case .remotePort(let encoding):
                guard let port = encoding.decode(key, part.offset) else { return nil }
                remote.port = port
            case .sidePort(let encoding):
                guard let port = encoding.decode(key, part.offset) else { return nil }
                side.port = port
            case .localAddress, .remoteAddress, .sideAddress, .opaque, .socketCookie: break
            }
        }
        for part in parts {
            switch part.field {
            case .localAddress(let encoding):
                guard let address = encoding.decode(key, part.offset, isV6: isV6) else { return nil }
                local.address = address
            case .remoteAddress(let encoding):
                guard let address = encoding.decode(key, part.offset, isV6: isV6) else { return nil }
                remote.address = address
            case .sideAddress(let encoding):
                guard let address = encoding.decode(key, part.offset, isV6: isV6) else { return nil }
                side.address = address
            default: break
            }
        }
        // Mapped IPv4 addresses may be written as IPv6, but then both of them: no connection is of two families, whether
        // the key tells one or not.
        guard !hasLocal || !hasRemote || local.address.isV4 == remote.address.isV4 else { return nil }
        if let isRemoteSide { if isRemoteSide { remote = side } else { local = side } }
        return FourTuple(local: local, remote: remote)
    }

    /// The cookie by which a key names its socket; `nil` for layouts that name connections.
    public func cookie(_ key: SockmapKey) -> UInt64? {
        guard key.count == size, naming == .socket, hasItsZeros(key) else { return nil }
        for part in parts where part.field == .socketCookie { return key.eightBytes(at: part.offset) }
        return nil
    }

    /// What keys of this layout can say of a connection: the tuple without the ends that they do not name; two such
    /// claims where a key names the one end or the other. None if the layout cannot name the connection at all (IPv6 in a
    /// layout for IPv4).
    public func claims(naming tuple: FourTuple) -> [FourTuple] {
        guard naming != .socket, let local = named(tuple.local), let remote = named(tuple.remote) else { return [] }
        let tuple = FourTuple(local: local, remote: remote)
        if hasSides {
            return [
                FourTuple(local: tuple.local, remote: Self.nowhere),
                FourTuple(local: Self.nowhere, remote: tuple.remote),
            ]
        }
        return [
            FourTuple(local: hasLocal ? tuple.local : Self.nowhere, remote: hasRemote ? tuple.remote : Self.nowhere)
        ]
    }

    /// An end as the layout can name it. One that the kernel has cleared is of either family: a dual-stack server's leaked
    /// child has `::` for its own address, whatever its connection was.
    private func named(_ end: Endpoint) -> Endpoint? {
        if carriesV6 || end.address.isV4 { return end }
        return (end.address.isUnspecified ? IPAddress(v4: 0) : v6Placeholder).map { Endpoint($0, end.port) }
    }

    /// The key under which this layout files the socket with that tuple; `nil` where the tuple alone does not make a key.
    /// Where a key names one end or the other, the tuple is one of its ``claims(naming:)``.
    public func encode(_ tuple: FourTuple) -> [UInt8]? {
        guard naming == .connection || naming == .oneEnd, let claim = claims(naming: tuple).first else { return nil }
        let tuple = hasSides ? tuple : claim
        let isLocalSide = tuple.remote == Self.nowhere
        guard !hasSides || isLocalSide != (tuple.local == Self.nowhere) else { return nil }
        let side = isLocalSide ? tuple.local : tuple.remote
        var key = [UInt8](repeating: 0, count: size)
        func put(_ bytes: [UInt8], at offset: Int) {
            for (index, byte) in bytes.enumerated() { key[offset + index] = byte }
        }
        for part in parts {
            switch part.field {
            case .localAddress(let encoding): put(encoding.encode(tuple.local.address), at: part.offset)
            case .remoteAddress(let encoding): put(encoding.encode(tuple.remote.address), at: part.offset)
            case .localPort(let encoding): put(encoding.encode(tuple.local.port), at: part.offset)
            case .remotePort(let encoding): put(encoding.encode(tuple.remote.port), at: part.offset)
            case .sideAddress(let encoding): put(encoding.encode(side.address), at: part.offset)
            case .sidePort(let encoding): put(encoding.encode(side.port), at: part.offset)
            case .side(_, let ofLocal, let ofRemote): key[part.offset] = isLocalSide ? ofLocal : ofRemote
            case .family(_, let v4, let v6): key[part.offset] = tuple.local.address.isV4 ? v4 : v6
            case .oneOf(let first, _): key[part.offset] = first
            case .opaque, .socketCookie: return nil
            }
        }
        return key
    }

    private static let nowhere = Endpoint(IPAddress(v4: 0), 0)

    /// A number of `width` bytes, if it fits one.
    private static func byte(_ key: SockmapKey, _ offset: Int, _ width: Int) -> UInt8? {
        for behind in 1..<max(width, 1) where key[offset + behind] != 0 { return nil }
        return key[offset]
    }

    private func hasItsZeros(_ key: SockmapKey) -> Bool {
        for index in 0..<(size + 7) >> 3 where key.word(index) & mustBeZero.word(index) != 0 { return false }
        return true
    }
}

extension KeyLayout {
    /// Where everything that a reader asks for lies: "local address 0 (v4), local port 8 (N32)".
    public var summary: String {
        fields.compactMap { part in
            switch part.field {
            case .localAddress(let encoding): "local address \(part.offset) (\(encoding.rawValue))"
            case .remoteAddress(let encoding): "remote address \(part.offset) (\(encoding.rawValue))"
            case .localPort(let encoding): "local port \(part.offset) (\(encoding.rawValue))"
            case .remotePort(let encoding): "remote port \(part.offset) (\(encoding.rawValue))"
            case .sideAddress(let encoding): "one end's address \(part.offset) (\(encoding.rawValue))"
            case .sidePort(let encoding): "one end's port \(part.offset) (\(encoding.rawValue))"
            case .side: "whose end \(part.offset)"
            case .socketCookie: "cookie \(part.offset)"
            case .family: "family \(part.offset)"
            case .oneOf, .opaque: nil
            }
        }.joined(separator: ", ")
    }
}

extension KeyLayout.Field {
    /// Bytes that the part takes.
    public var width: Int {
        switch self {
        case .localAddress(let encoding), .remoteAddress(let encoding), .sideAddress(let encoding): encoding.width
        case .localPort(let encoding), .remotePort(let encoding), .sidePort(let encoding): encoding.width
        case .family(let width, _, _), .side(let width, _, _), .opaque(let width): width
        case .oneOf: 1
        case .socketCookie: 8
        }
    }
}

extension KeyLayout.AddressEncoding {
    /// - Parameter isV6: what the key's family says; `nil`: it says nothing.
    func decode(_ key: SockmapKey, _ offset: Int, isV6: Bool?) -> IPAddress? {
        switch self {
        case .v4:
            guard isV6 != true else { return nil }
            return IPAddress(v4: UInt32(truncatingIfNeeded: key.eightBytes(at: offset)).byteSwapped)
        case .v4Host:
            guard isV6 != true else { return nil }
            return IPAddress(v4: UInt32(truncatingIfNeeded: key.eightBytes(at: offset)))
        case .padded16:
            let high = key.eightBytes(at: offset).byteSwapped
            let low = key.eightBytes(at: offset + 8).byteSwapped
            if isV6 == true { return IPAddress(high: high, low: low) }
            guard high & 0xFFFF_FFFF == 0, low == 0 else { return nil }
            return IPAddress(v4: UInt32(truncatingIfNeeded: high >> 32))
        case .mapped16:
            let address = IPAddress(
                high: key.eightBytes(at: offset).byteSwapped, low: key.eightBytes(at: offset + 8).byteSwapped)
            return isV6 == nil || isV6 != address.isV4 ? address : nil
        }
    }

    func encode(_ address: IPAddress) -> [UInt8] {
        switch self {
        case .v4, .padded16: address.bytes
        case .v4Host: address.bytes.reversed()
        case .mapped16: (address.isV4 ? Array(repeating: 0, count: 10) + [0xFF, 0xFF] : []) + address.bytes
        }
    }
}

extension KeyLayout.PortEncoding {
    func decode(_ key: SockmapKey, _ offset: Int) -> UInt16? {
        let start = self == .networkLastIn32 ? offset + 2 : offset
        let first = UInt16(key[start])
        let second = UInt16(key[start + 1])
        if width == 4 {
            let rest = self == .networkLastIn32 ? offset : offset + 2
            guard key[rest] == 0, key[rest + 1] == 0 else { return nil }
        }
        switch self {
        case .networkIn32, .network16, .networkLastIn32: return first << 8 | second
        case .hostIn32, .host16: return second << 8 | first
        }
    }

    func encode(_ port: UInt16) -> [UInt8] {
        let network = [UInt8(port >> 8), UInt8(port & 0xFF)]
        switch self {
        case .networkIn32: return network + [0, 0]
        case .networkLastIn32: return [0, 0] + network
        case .hostIn32: return network.reversed() + [0, 0]
        case .network16: return network
        case .host16: return network.reversed()
        }
    }
}
