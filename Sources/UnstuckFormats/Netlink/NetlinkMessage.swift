import CNetlinkUAPI

/// Why bytes from netlink could not be decoded.
public enum NetlinkError: Error, Hashable, Sendable {
    /// Fewer bytes than the part needs.
    case truncated(part: String, needed: Int, got: Int)
    /// A length field that is shorter than its own header: following it would not advance.
    case badLength(part: String, Int)
}

extension NetlinkError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let part, let needed, let got): "a \(part) needs \(needed) bytes, and \(got) are there"
        case .badLength(let part, let length): "a \(part) says that it is \(length) bytes long"
        }
    }
}

/// One message of a netlink datagram (`struct nlmsghdr`, include/uapi/linux/netlink.h).
public struct NetlinkMessage: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// To be skipped.
        case noop
        /// The kernel's answer to a request that is no data: 0 is an acknowledgement, else a positive errno.
        case error(errno: Int32)
        /// The end of a dump; a positive errno if it broke off.
        case done(errno: Int32)
        /// Messages were lost.
        case overrun
        case data(type: UInt16)
    }

    public var kind: Kind
    public var flags: UInt16
    /// The request that it answers.
    public var sequence: UInt32
    /// Where its payload lies in the datagram, without padding.
    public var payload: Range<Int>

    /// `NLM_F_DUMP_INTR`: what is dumped changed meanwhile, so that something may be missing or there twice.
    public var isInterrupted: Bool { flags & 0x10 != 0 }

    /// The messages of one datagram, in order.
    ///
    /// - Throws: `NetlinkError`; a datagram that is damaged anywhere is believed nowhere.
    public static func decode(_ bytes: RawSpan) throws(NetlinkError) -> [NetlinkMessage] {
        var messages: [NetlinkMessage] = []
        var offset = 0
        while offset < bytes.byteCount {
            let header: nlmsghdr = try bytes.fixed("nlmsghdr", at: offset, end: bytes.byteCount, nlmsghdr())
            let length = Int(header.nlmsg_len)
            guard length >= headerSize else { throw .badLength(part: "nlmsghdr", length) }
            let end = offset + length
            guard end <= bytes.byteCount else {
                throw .truncated(part: "netlink message", needed: length, got: bytes.byteCount - offset)
            }
            let payload = offset + headerSize..<end
            messages.append(
                NetlinkMessage(
                    kind: try kind(header.nlmsg_type, bytes, payload), flags: header.nlmsg_flags,
                    sequence: header.nlmsg_seq, payload: payload))
            offset = aligned(end)
        }
        return messages
    }

    private static func kind(_ type: UInt16, _ bytes: RawSpan, _ payload: Range<Int>) throws(NetlinkError) -> Kind {
        switch Int32(type) {
        case NLMSG_NOOP: return .noop
        case NLMSG_OVERRUN: return .overrun
        case NLMSG_ERROR:
            return .error(errno: try errno(bytes.fixed("nlmsgerr", at: payload.lowerBound, end: payload.upperBound, 0)))
        case NLMSG_DONE:
            // Old kernels end a dump without a word on how it went.
            guard !payload.isEmpty else { return .done(errno: 0) }
            return .done(
                errno: try errno(bytes.fixed("NLMSG_DONE", at: payload.lowerBound, end: payload.upperBound, 0)))
        default: return .data(type: type)
        }
    }

    /// Errors come negated; what is no error at all counts as none.
    private static func errno(_ code: Int32) -> Int32 { code < 0 ? 0 &- code : 0 }

    static let headerSize = MemoryLayout<nlmsghdr>.size
}

/// Everything in netlink begins at a multiple of four.
func aligned(_ offset: Int) -> Int { (offset + 3) & ~3 }

extension RawSpan {
    /// A fixed structure of the kernel at `offset`, if it ends before `end`.
    ///
    /// - Parameter empty: tells the type.
    func fixed<Value: BitwiseCopyable>(
        _ part: String, at offset: Int, end: Int, _ empty: Value
    ) throws(NetlinkError) -> Value {
        let size = MemoryLayout<Value>.size
        guard offset >= 0, end <= byteCount, end - offset >= size else {
            throw .truncated(part: part, needed: size, got: Swift.max(0, Swift.min(end, byteCount) - offset))
        }
        // The length was just checked, and any bit pattern is valid in a structure of plain numbers.
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
    }
}
