/// A network interface.
public struct Link: Hashable, Sendable, Codable {
    /// Inode number of the namespace that it is in.
    public var netns: UInt32
    public var index: UInt32
    /// Anything but `/` and blanks may stand in it.
    public var name: String
    /// `veth`, `bridge`, `vxlan`, …; `nil`: none, as of hardware and the loopback.
    public var kind: String?
    public var operationalState: OperationalState?
    /// `nil`: not reported.
    public var hasCarrier: Bool?
    /// It was set up (IFF_UP).
    public var isUp: Bool
    /// Bytes.
    public var mtu: UInt32?
    /// `02:42:ac:11:00:02`; `nil`: it has none.
    public var hardwareAddress: String?
    /// Index of the bridge or bond that it is part of.
    public var master: UInt32?
    /// Index of the other end of a veth pair, or of the interface below.
    public var peerIndex: UInt32?
    /// Inode number of the namespace of the other end; `nil`: there is none, or the namespace is unknown.
    public var peerNetns: UInt32?
    public var statistics: Statistics?

    public init(netns: UInt32, index: UInt32, name: String, isUp: Bool) {
        self.netns = netns
        self.index = index
        self.name = name
        self.isUp = isUp
    }

    /// Since the interface was made (`struct rtnl_link_stats64`, include/uapi/linux/if_link.h).
    public struct Statistics: Hashable, Sendable, Codable {
        public var receivedPackets: UInt64
        public var sentPackets: UInt64
        public var receivedBytes: UInt64
        public var sentBytes: UInt64
        public var receiveErrors: UInt64
        public var sendErrors: UInt64
        public var receiveDrops: UInt64
        public var sendDrops: UInt64

        /// In the kernel's order.
        public init(
            receivedPackets: UInt64, sentPackets: UInt64, receivedBytes: UInt64, sentBytes: UInt64,
            receiveErrors: UInt64, sendErrors: UInt64, receiveDrops: UInt64, sendDrops: UInt64
        ) {
            self.receivedPackets = receivedPackets
            self.sentPackets = sentPackets
            self.receivedBytes = receivedBytes
            self.sentBytes = sentBytes
            self.receiveErrors = receiveErrors
            self.sendErrors = sendErrors
            self.receiveDrops = receiveDrops
            self.sendDrops = sendDrops
        }
    }

    /// RFC 2863 state by the kernel's number (`IF_OPER_…`, include/uapi/linux/if.h); unknown numbers survive.
    public struct OperationalState: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let unknown = OperationalState(rawValue: 0)
        public static let notPresent = OperationalState(rawValue: 1)
        public static let down = OperationalState(rawValue: 2)
        public static let lowerLayerDown = OperationalState(rawValue: 3)
        public static let testing = OperationalState(rawValue: 4)
        public static let dormant = OperationalState(rawValue: 5)
        public static let up = OperationalState(rawValue: 6)
    }
}

extension Link.OperationalState: CustomStringConvertible {
    private static let names = ["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"]

    /// As ip(8) writes it.
    public var description: String {
        Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "state \(rawValue)"
    }
}
