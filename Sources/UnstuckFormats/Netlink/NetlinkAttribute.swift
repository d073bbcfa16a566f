import CNetlinkUAPI

/// One attribute of a netlink message (`struct nlattr`).
public struct NetlinkAttribute: Hashable, Sendable {
    /// Without the two flag bits.
    public var number: UInt16
    /// Where its payload lies, without padding.
    public var payload: Range<Int>

    /// The attributes within `range`, in order.
    ///
    /// - Throws: `NetlinkError`. An attribute that says it is shorter than its own header (a length of 0 above all) would
    ///   never be got past.
    public static func decode(_ bytes: RawSpan, in range: Range<Int>) throws(NetlinkError) -> [NetlinkAttribute] {
        var attributes: [NetlinkAttribute] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            let header: nlattr = try bytes.fixed("nlattr", at: offset, end: range.upperBound, nlattr())
            let length = Int(header.nla_len)
            guard length >= headerSize else { throw .badLength(part: "nlattr", length) }
            guard length <= range.upperBound - offset else {
                throw .truncated(part: "netlink attribute", needed: length, got: range.upperBound - offset)
            }
            attributes.append(
                NetlinkAttribute(
                    number: header.nla_type & 0x3FFF,  // NLA_TYPE_MASK
                    payload: offset + headerSize..<offset + length))
            offset = aligned(offset + length)
        }
        return attributes
    }

    private static let headerSize = MemoryLayout<nlattr>.size
}
