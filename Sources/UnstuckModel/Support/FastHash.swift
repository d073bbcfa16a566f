/// A hash for tables of a hundred thousand connections, several times as quick as the standard library's. Who chooses the
/// ports of connections cannot choose where they collide: each process has a seed of its own.
public struct FastHash: Sendable {
    private static let seed = UInt64.random(in: .min ... .max)

    public private(set) var value = FastHash.seed

    public init() {}

    /// Multiplies to 128 bits and folds: every bit of the word reaches every bit of the result.
    public mutating func combine(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        value = product.high ^ product.low
    }
}

extension SockmapKey {
    public var quickHash: UInt64 {
        var hash = FastHash()
        for index in 0..<(count + 7) >> 3 { hash.combine(word(index)) }
        return hash.value
    }
}

extension SocketIdentity {
    public var quickHash: UInt64 {
        var hash = FastHash()
        hash.combine(address)
        hash.combine(cookie)
        return hash.value
    }
}

extension FourTuple {
    public var quickHash: UInt64 {
        var hash = FastHash()
        local.address.combine(into: &hash)
        remote.address.combine(into: &hash)
        hash.combine(UInt64(local.port) << 16 | UInt64(remote.port))
        return hash.value
    }
}
