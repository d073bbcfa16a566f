/// An address, or all that begin like it: `10.0.0.0/8`, `2001:db8::/32`.
public struct AddressPrefix: Hashable, Sendable {
    public let address: IPAddress
    /// Bits that count; of 32 for an IPv4 address, of 128 for an IPv6 one.
    public let length: Int

    /// - Returns: `nil`: no address, or a length beyond its bits.
    public init?(_ text: String) {
        var parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if parts[0].hasPrefix("["), parts[0].hasSuffix("]") { parts[0] = parts[0].dropFirst().dropLast() }
        guard let address = IPAddress(String(parts[0])) else { return nil }
        let bits = address.isV4 && !parts[0].contains(":") ? 32 : 128
        guard parts.count > 1 else {
            self.init(address, length: address.isV4 ? 32 : 128)
            return
        }
        guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(parts[1]),
            length <= bits
        else { return nil }
        // A mapped IPv4 address is an IPv4 one: the 96 bits before it are the same for all.
        guard bits == 128, address.isV4 else {
            self.init(address, length: length)
            return
        }
        guard length >= 96 else { return nil }
        self.init(address, length: length - 96)
    }

    private init(_ address: IPAddress, length: Int) {
        self.address = address
        self.length = length
    }

    /// An IPv6 prefix has no IPv4 address in it, nor the other way round.
    public func contains(_ other: IPAddress) -> Bool {
        guard other.isV4 == address.isV4 else { return false }
        guard length > 0 else { return true }
        let (mine, others) = (address.bytes, other.bytes)
        let whole = length / 8
        guard mine[..<whole] == others[..<whole] else { return false }
        let rest = length % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
        return mine[whole] & mask == others[whole] & mask
    }
}

extension AddressPrefix: CustomStringConvertible {
    public var description: String {
        length == (address.isV4 ? 32 : 128) ? "\(address)" : "\(address)/\(length)"
    }
}
