import CNetlinkUAPI

/// The answer to RTM_GETNSID.
public enum RouteNamespaceID {
    /// - Parameter range: the payload of the message: `struct rtgenmsg`, padded, and attributes.
    /// - Returns: `nil`: the namespace has no number here (NETNSA_NSID_NOT_ASSIGNED).
    public static func decode(_ bytes: RawSpan, in range: Range<Int>) throws(NetlinkError) -> Int32? {
        var number: Int32?
        for attribute in try bytes.attributes(after: MemoryLayout<rtgenmsg>.size, in: range)
        where Int(attribute.number) == NETNSA_NSID {
            let payload = attribute.payload
            number = try bytes.fixed("NETNSA_NSID", at: payload.lowerBound, end: payload.upperBound, Int32(0))
        }
        return number.flatMap { $0 < 0 ? nil : $0 }
    }
}
