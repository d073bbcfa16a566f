import CNetlinkUAPI
import UnstuckModel

/// An interface as an RTM_GETLINK answer tells of it: `struct ifinfomsg` and its attributes. Unknown attributes are skipped.
public struct RouteLink: Hashable, Sendable {
    /// Its ``Link/peerNetns`` is known only where the other end is in the same namespace.
    public var link: Link
    /// Number of the other end's namespace in this one (IFLA_LINK_NETNSID); `nil`: it is this one, or none.
    public var peerNamespaceID: Int32?

    /// - Parameters:
    ///   - range: the payload of the message.
    ///   - netns: inode number of the namespace that was asked.
    public static func decode(
        _ bytes: RawSpan, in range: Range<Int>, netns: UInt32
    ) throws(NetlinkError) -> RouteLink {
        let message: ifinfomsg = try bytes.fixed(
            "ifinfomsg", at: range.lowerBound, end: range.upperBound, ifinfomsg())
        let isUp = message.ifi_flags & 1 != 0  // IFF_UP, include/uapi/linux/if.h
        var result = RouteLink(
            link: Link(netns: netns, index: UInt32(bitPattern: message.ifi_index), name: "", isUp: isUp),
            peerNamespaceID: nil)
        for attribute in try bytes.attributes(after: MemoryLayout<ifinfomsg>.size, in: range) {
            try result.decode(attribute, bytes)
        }
        if result.link.peerIndex != nil, result.peerNamespaceID == nil { result.link.peerNetns = netns }
        return result
    }

    private mutating func decode(_ attribute: NetlinkAttribute, _ bytes: RawSpan) throws(NetlinkError) {
        let payload = attribute.payload
        func number<Value: BitwiseCopyable>(_ part: String, _ empty: Value) throws(NetlinkError) -> Value {
            try bytes.fixed(part, at: payload.lowerBound, end: payload.upperBound, empty)
        }
        switch Int(attribute.number) {
        case IFLA_IFNAME: link.name = bytes.text(in: payload)
        case IFLA_MTU: link.mtu = try number("IFLA_MTU", UInt32(0))
        case IFLA_ADDRESS: link.hardwareAddress = bytes.hardwareAddress(in: payload)
        case IFLA_MASTER: link.master = try number("IFLA_MASTER", UInt32(0))
        case IFLA_LINK:
            let index = try number("IFLA_LINK", UInt32(0))
            link.peerIndex = index == 0 ? nil : index
        case IFLA_LINK_NETNSID: peerNamespaceID = try number("IFLA_LINK_NETNSID", Int32(0))
        case IFLA_OPERSTATE:
            link.operationalState = Link.OperationalState(rawValue: try number("IFLA_OPERSTATE", UInt8(0)))
        case IFLA_CARRIER: link.hasCarrier = try number("IFLA_CARRIER", UInt8(0)) != 0
        case IFLA_STATS64: link.statistics = try Self.statistics(bytes, payload)
        case IFLA_LINKINFO:
            for nested in try NetlinkAttribute.decode(bytes, in: payload) where Int(nested.number) == IFLA_INFO_KIND {
                link.kind = bytes.text(in: nested.payload)
            }
        default: break
        }
    }

    /// The first eight numbers of `struct rtnl_link_stats64`, which only grows at its end.
    private static func statistics(_ bytes: RawSpan, _ payload: Range<Int>) throws(NetlinkError) -> Link.Statistics {
        var numbers: [UInt64] = []
        for index in 0..<8 {
            numbers.append(
                try bytes.fixed(
                    "rtnl_link_stats64", at: payload.lowerBound + index * 8, end: payload.upperBound, UInt64(0)))
        }
        return Link.Statistics(
            receivedPackets: numbers[0], sentPackets: numbers[1], receivedBytes: numbers[2], sentBytes: numbers[3],
            receiveErrors: numbers[4], sendErrors: numbers[5], receiveDrops: numbers[6], sendDrops: numbers[7])
    }
}

extension RawSpan {
    /// The attributes behind a fixed head of a message's payload.
    func attributes(after size: Int, in range: Range<Int>) throws(NetlinkError) -> [NetlinkAttribute] {
        let start = Swift.min(aligned(range.lowerBound + size), range.upperBound)
        return try NetlinkAttribute.decode(self, in: start..<range.upperBound)
    }

    /// Text up to the first NUL, invalid UTF-8 repaired.
    func text(in range: Range<Int>) -> String {
        String(decoding: copy(of: range).prefix { $0 != 0 }, as: UTF8.self)
    }

    /// `nil`: of no length, or longer than any is (`MAX_ADDR_LEN`, include/linux/netdevice.h).
    func hardwareAddress(in range: Range<Int>) -> String? {
        guard (1...32).contains(range.count) else { return nil }
        return copy(of: range).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    /// - Precondition: the range lies inside.
    func copy(of range: Range<Int>) -> [UInt8] {
        let part = extracting(range)
        return unsafe part.withUnsafeBytes { unsafe Array($0) }
    }
}
