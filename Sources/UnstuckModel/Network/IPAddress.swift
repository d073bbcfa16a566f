/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address: a dual-stack
/// server's socket and its client's must compare equal.
public struct IPAddress: Hashable, Sendable {
    /// The 16 bytes of the address as two big-endian halves. IPv4 is kept in its mapped form.
    private let high: UInt64
    private let low: UInt64

    private static let mappedPrefix: UInt64 = 0xFFFF_0000_0000

    /// - Parameters: the address's 16 bytes as two numbers, most significant first.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Parameter v4: the four bytes as one number, most significant first: 192.0.2.1 is `0xC000_0201`.
    public init(v4: UInt32) {
        self.init(high: 0, low: Self.mappedPrefix | UInt64(v4))
    }

    /// The address in `bytes`: 4 of them or 16, in network order. `nil` for any other count.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4:
            self.init(v4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        default:
            return nil
        }
    }

    public var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The IPv4 address as a number, most significant byte first; `nil` for IPv6.
    public var v4: UInt32? { isV4 ? UInt32(truncatingIfNeeded: low) : nil }

    /// 4 bytes for IPv4, 16 for IPv6, network order.
    public var bytes: [UInt8] {
        isV4
            ? (0..<4).map { UInt8(truncatingIfNeeded: low >> (24 - 8 * $0)) }
            : [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
    }

    func combine(into hash: inout FastHash) {
        hash.combine(high)
        hash.combine(low)
    }

    /// 0.0.0.0 or ::
    public var isUnspecified: Bool { high == 0 && (low == 0 || low == Self.mappedPrefix) }

    /// 127.0.0.0/8 or ::1: an address that means another host in every namespace.
    public var isLoopback: Bool { isV4 ? low & 0xFF00_0000 == 0x7F00_0000 : high == 0 && low == 1 }
}

extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
    /// Dotted quad, or RFC 5952.
    public var description: String {
        guard !isV4 else { return bytes.map(String.init).joined(separator: ".") }
        let groups = [high, low].flatMap { half in (0..<4).map { UInt16(truncatingIfNeeded: half >> (48 - 16 * $0)) } }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > longest.count, end - start > 1 { longest = start..<end }
            start = max(end, start + 1)
        }
        func text(_ part: Range<Int>) -> String {
            part.map { String(groups[$0], radix: 16) }.joined(separator: ":")
        }
        guard !longest.isEmpty else { return text(0..<8) }
        return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
    }

    /// Dotted quad or IPv6 with at most one `::`; a dotted tail (`::ffff:192.0.2.1`) is accepted.
    public init?(_ description: String) {
        guard description.contains(":") else {
            guard let bytes = Self.dottedQuad(Substring(description)) else { return nil }
            self.init(bytes: bytes)
            return
        }
        guard let parts = Self.splitAtGap(description) else { return nil }
        func bytes(_ text: Substring) -> [UInt8]? {
            guard !text.isEmpty else { return [] }
            var result: [UInt8] = []
            for (index, group) in text.split(separator: ":", omittingEmptySubsequences: false).enumerated() {
                if group.contains(".") {
                    guard index == text.filter({ $0 == ":" }).count, let quad = Self.dottedQuad(group) else {
                        return nil
                    }
                    result += quad
                } else {
                    guard (1...4).contains(group.count), let value = UInt16(group, radix: 16), group.first != "+" else {
                        return nil
                    }
                    result += [UInt8(value >> 8), UInt8(value & 0xFF)]
                }
            }
            return result
        }
        guard let head = bytes(parts.head), let tail = bytes(parts.tail ?? "") else { return nil }
        let missing = 16 - head.count - tail.count
        guard parts.tail == nil ? missing == 0 : missing >= 2 else { return nil }
        self.init(bytes: head + Array(repeating: 0, count: missing) + tail)
    }

    private static func dottedQuad(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in part.allSatisfy(\.isNumber) ? UInt8(part) : nil }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    /// The text before and after the one `::`; no tail where there is none; `nil` where there are two.
    private static func splitAtGap(_ text: String) -> (head: Substring, tail: Substring?)? {
        var rest = Substring(text)
        var head: Substring?
        var position = text.startIndex
        while position < text.endIndex {
            let next = text.index(after: position)
            if next < text.endIndex, text[position] == ":", text[next] == ":" {
                guard head == nil else { return nil }
                head = text[..<position]
                rest = text[text.index(after: next)...]
                position = next
            }
            position = text.index(after: position)
        }
        guard let head else { return (rest, nil) }
        return (head, rest)
    }
}

extension IPAddress: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let address = IPAddress(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an IP address: \(text)")
        }
        self = address
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// By its bytes, as lists are sorted: IPv4, in its mapped form, before what IPv6 has in use.
extension IPAddress: Comparable {
    public static func < (one: IPAddress, other: IPAddress) -> Bool {
        one.high == other.high ? one.low < other.low : one.high < other.high
    }
}
