import CNetlinkUAPI
import UnstuckModel

/// Neighbours as RTM_GETNEIGH answers tell of them: `struct ndmsg` and its attributes. Unknown attributes are skipped.
public enum RouteNeighbour {
    /// - Parameters:
    ///   - range: the payload of the message.
    ///   - netns: inode number of the namespace that was asked.
    /// - Returns: `nil`: an entry without an address of IPv4 or IPv6.
    public static func decode(
        _ bytes: RawSpan, in range: Range<Int>, netns: UInt32
    ) throws(NetlinkError) -> Neighbour? {
        let message: ndmsg = try bytes.fixed("ndmsg", at: range.lowerBound, end: range.upperBound, ndmsg())
        var address: IPAddress?
        var hardwareAddress: String?
        for attribute in try bytes.attributes(after: MemoryLayout<ndmsg>.size, in: range) {
            switch Int(attribute.number) {
            case NDA_DST: address = IPAddress(bytes: bytes.copy(of: attribute.payload))
            case NDA_LLADDR: hardwareAddress = bytes.hardwareAddress(in: attribute.payload)
            default: break
            }
        }
        guard let address, [2, 10].contains(message.ndm_family) else { return nil }  // AF_INET, AF_INET6
        return Neighbour(
            netns: netns, linkIndex: UInt32(bitPattern: message.ndm_ifindex), address: address,
            hardwareAddress: hardwareAddress, state: Neighbour.State(rawValue: message.ndm_state))
    }
}
