import CNetlinkUAPI
import UnstuckModel

/// Requests to NETLINK_SOCK_DIAG about TCP sockets: `struct nlmsghdr` and `struct inet_diag_req_v2`, byte by byte.
public enum DiagRequest {
    /// Every TCP socket of both families, in every state, with tcp_info, memory and what else the kernel adds by itself.
    ///
    /// The older request (`struct inet_diag_req`), which the kernel takes for both families (`inet_diag_dump_compat`,
    /// net/ipv4/inet_diag.c): it walks the whole hash table for each request, whatever the request leaves out.
    ///
    /// - Parameter withDetails: also the name of the congestion control.
    public static func dump(withDetails: Bool = false, sequence: UInt32) -> [UInt8] {
        var request = inet_diag_req()
        request.idiag_family = 2  // AF_INET; the kernel does not look at it
        request.idiag_ext = UInt8(1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_SKMEMINFO - 1))
        if withDetails { request.idiag_ext |= UInt8(1 << (INET_DIAG_CONG - 1)) }
        request.idiag_states = .max
        return message(
            type: UInt16(TCPDIAG_GETSOCK), flags: NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH, sequence, request)
    }

    /// The one socket with that tuple; the kernel answers with a listener of that address where there is none.
    public static func describe(_ tuple: FourTuple, sequence: UInt32) -> [UInt8] {
        var request = base(isV6: !tuple.local.address.isV4)
        request.id = id(tuple, cookie: .max)  // INET_DIAG_NOCOOKIE, twice
        return message(type: describe, flags: NLM_F_REQUEST, sequence, request)
    }

    /// Reset the one socket with that tuple and that cookie (Linux 4.5, CONFIG_INET_DIAG_DESTROY).
    public static func destroy(_ tuple: FourTuple, cookie: UInt64, sequence: UInt32) -> [UInt8] {
        var request = base(isV6: !tuple.local.address.isV4)
        request.id = id(tuple, cookie: cookie)
        return message(type: UInt16(SOCK_DESTROY), flags: NLM_F_REQUEST | NLM_F_ACK, sequence, request)
    }

    private static let describe = UInt16(SOCK_DIAG_BY_FAMILY)

    private static func base(isV6: Bool) -> inet_diag_req_v2 {
        var request = inet_diag_req_v2()
        request.sdiag_family = isV6 ? 10 : 2  // AF_INET6, AF_INET
        request.sdiag_protocol = 6  // IPPROTO_TCP
        request.idiag_states = .max
        return request
    }

    private static func id(_ tuple: FourTuple, cookie: UInt64) -> inet_diag_sockid {
        var id = inet_diag_sockid()
        id.idiag_sport = tuple.local.port.bigEndian
        id.idiag_dport = tuple.remote.port.bigEndian
        unsafe withUnsafeMutableBytes(of: &id.idiag_src) { unsafe $0.copyBytes(from: tuple.local.address.bytes) }
        unsafe withUnsafeMutableBytes(of: &id.idiag_dst) { unsafe $0.copyBytes(from: tuple.remote.address.bytes) }
        id.idiag_cookie = (UInt32(truncatingIfNeeded: cookie), UInt32(truncatingIfNeeded: cookie >> 32))
        return id
    }

    private static func message<Request: BitwiseCopyable>(
        type: UInt16, flags: Int32, _ sequence: UInt32, _ request: Request
    ) -> [UInt8] {
        var header = nlmsghdr()
        header.nlmsg_len = UInt32(MemoryLayout<nlmsghdr>.size + MemoryLayout<Request>.size)
        header.nlmsg_type = type
        header.nlmsg_flags = UInt16(flags)
        header.nlmsg_seq = sequence
        return unsafe withUnsafeBytes(of: header) { unsafe Array($0) }
            + withUnsafeBytes(of: request) { unsafe Array($0) }
    }
}
