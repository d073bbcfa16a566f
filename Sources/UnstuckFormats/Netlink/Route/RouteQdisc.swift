import CNetlinkUAPI
import UnstuckModel

/// Qdiscs as RTM_GETQDISC answers tell of them: `struct tcmsg` and its attributes. Unknown attributes are skipped.
public enum RouteQdisc {
    /// - Parameters:
    ///   - range: the payload of the message.
    ///   - netns: inode number of the namespace that was asked.
    public static func decode(_ bytes: RawSpan, in range: Range<Int>, netns: UInt32) throws(NetlinkError) -> Qdisc {
        let message: tcmsg = try bytes.fixed("tcmsg", at: range.lowerBound, end: range.upperBound, tcmsg())
        var qdisc = Qdisc(
            netns: netns, linkIndex: UInt32(bitPattern: message.tcm_ifindex), kind: "", handle: message.tcm_handle,
            parent: message.tcm_parent)
        for attribute in try bytes.attributes(after: MemoryLayout<tcmsg>.size, in: range) {
            switch Int(attribute.number) {
            case TCA_KIND: qdisc.kind = bytes.text(in: attribute.payload)
            case TCA_STATS2: try decodeStatistics(bytes, attribute.payload, into: &qdisc)
            default: break
            }
        }
        return qdisc
    }

    private static func decodeStatistics(
        _ bytes: RawSpan, _ range: Range<Int>, into qdisc: inout Qdisc
    ) throws(NetlinkError) {
        var packets: UInt64?
        for attribute in try NetlinkAttribute.decode(bytes, in: range) {
            let (start, end) = (attribute.payload.lowerBound, attribute.payload.upperBound)
            switch Int(attribute.number) {
            case TCA_STATS_BASIC:
                // `struct gnet_stats_basic`, of which the padding may be missing.
                qdisc.sentBytes = try bytes.fixed("gnet_stats_basic", at: start, end: end, UInt64(0))
                qdisc.sentPackets = UInt64(try bytes.fixed("gnet_stats_basic", at: start + 8, end: end, UInt32(0)))
            case TCA_STATS_PKT64:  // Linux 5.5, beside the 32-bit count
                packets = try bytes.fixed("TCA_STATS_PKT64", at: start, end: end, UInt64(0))
            case TCA_STATS_QUEUE:
                let queue: gnet_stats_queue = try bytes.fixed(
                    "gnet_stats_queue", at: start, end: end, gnet_stats_queue())
                qdisc.backlogPackets = UInt64(queue.qlen)
                qdisc.backlogBytes = UInt64(queue.backlog)
                qdisc.drops = UInt64(queue.drops)
                qdisc.requeues = UInt64(queue.requeues)
                qdisc.overlimits = UInt64(queue.overlimits)
            default: break
            }
        }
        qdisc.sentPackets = packets ?? qdisc.sentPackets
    }
}
