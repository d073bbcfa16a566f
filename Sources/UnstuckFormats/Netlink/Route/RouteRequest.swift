import CNetlinkUAPI

/// Requests to NETLINK_ROUTE, all of them to read.
public enum RouteRequest {
    /// Every interface with its statistics (RTM_GETLINK). The kernel gives the namespaces of other ends a number in the
    /// reader's namespace if they have none, as it does for `ip link` (`rtnl_fill_link_netnsid`, net/core/rtnetlink.c).
    public static func links(sequence: UInt32) -> [UInt8] { dump(RTM_GETLINK, sequence, ifinfomsg()) }

    /// Every qdisc (RTM_GETQDISC).
    public static func qdiscs(sequence: UInt32) -> [UInt8] { dump(RTM_GETQDISC, sequence, tcmsg()) }

    /// Every neighbour of IPv4 and IPv6 (RTM_GETNEIGH).
    public static func neighbours(sequence: UInt32) -> [UInt8] { dump(RTM_GETNEIGH, sequence, ndmsg()) }

    /// Which number a namespace has here (RTM_GETNSID, Linux 4.0).
    ///
    /// - Parameter descriptor: open, of that namespace.
    public static func namespaceID(ofDescriptor descriptor: Int32, sequence: UInt32) -> [UInt8] {
        var attribute = nlattr()
        attribute.nla_len = UInt16(MemoryLayout<nlattr>.size + 4)
        attribute.nla_type = UInt16(NETNSA_FD)
        // `struct rtgenmsg` is one byte, the family, and is padded.
        return header(RTM_GETNSID, NLM_F_REQUEST, sequence, payload: 4 + Int(attribute.nla_len)) + bytes(UInt32(0))
            + bytes(attribute) + bytes(descriptor)
    }

    private static func dump<Body: BitwiseCopyable>(_ type: Int, _ sequence: UInt32, _ body: Body) -> [UInt8] {
        header(type, NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH, sequence, payload: MemoryLayout<Body>.size) + bytes(body)
    }

    private static func header(_ type: Int, _ flags: Int32, _ sequence: UInt32, payload: Int) -> [UInt8] {
        var header = nlmsghdr()
        header.nlmsg_len = UInt32(MemoryLayout<nlmsghdr>.size + payload)
        header.nlmsg_type = UInt16(type)
        header.nlmsg_flags = UInt16(flags)
        header.nlmsg_seq = sequence
        return bytes(header)
    }

    private static func bytes<Value: BitwiseCopyable>(_ value: Value) -> [UInt8] {
        unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
    }
}
