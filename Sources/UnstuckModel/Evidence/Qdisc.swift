/// A queueing discipline of an interface.
public struct Qdisc: Hashable, Sendable, Codable {
    /// Inode number of the namespace of its interface.
    public var netns: UInt32
    public var linkIndex: UInt32
    /// `tbf`, `fq`, `noqueue`, `netem`, …
    public var kind: String
    /// Major number in the upper 16 bits, minor in the lower; 0: it was not given one.
    public var handle: UInt32
    /// As ``handle``; ``root``: it is the interface's own.
    public var parent: UInt32
    /// Bytes and packets that wait in it; `nil` here and below: not reported.
    public var backlogBytes: UInt64?
    public var backlogPackets: UInt64?
    /// Packets; this and the next two are counters that the kernel keeps in 32 bits and that wrap.
    public var drops: UInt64?
    public var overlimits: UInt64?
    public var requeues: UInt64?
    public var sentBytes: UInt64?
    public var sentPackets: UInt64?

    public init(netns: UInt32, linkIndex: UInt32, kind: String, handle: UInt32, parent: UInt32) {
        self.netns = netns
        self.linkIndex = linkIndex
        self.kind = kind
        self.handle = handle
        self.parent = parent
    }

    /// `TC_H_ROOT` (include/uapi/linux/pkt_sched.h).
    public static let root: UInt32 = 0xFFFF_FFFF

    public var isRoot: Bool { parent == Self.root }
}
