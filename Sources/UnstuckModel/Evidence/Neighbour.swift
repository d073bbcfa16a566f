/// An entry of a neighbour table: which hardware address packets to an address are sent to.
public struct Neighbour: Hashable, Sendable, Codable {
    /// Inode number of the namespace.
    public var netns: UInt32
    public var linkIndex: UInt32
    public var address: IPAddress
    /// `02:42:ac:11:00:02`; `nil`: it is not known.
    public var hardwareAddress: String?
    public var state: State

    public init(netns: UInt32, linkIndex: UInt32, address: IPAddress, hardwareAddress: String?, state: State) {
        self.netns = netns
        self.linkIndex = linkIndex
        self.address = address
        self.hardwareAddress = hardwareAddress
        self.state = state
    }

    /// `NUD_…` (include/uapi/linux/neighbour.h); unknown bits survive.
    public struct State: OptionSet, Hashable, Sendable, Codable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// Asked for, and not answered yet.
        public static let incomplete = State(rawValue: 0x01)
        public static let reachable = State(rawValue: 0x02)
        /// Not confirmed for a while; used, and confirmed again when it is.
        public static let stale = State(rawValue: 0x04)
        public static let delay = State(rawValue: 0x08)
        public static let probe = State(rawValue: 0x10)
        /// Nobody answered.
        public static let failed = State(rawValue: 0x20)
        /// Needs no resolution.
        public static let noARP = State(rawValue: 0x40)
        /// Set by hand: never confirmed, never expired.
        public static let permanent = State(rawValue: 0x80)
    }
}

extension Neighbour.State: CustomStringConvertible {
    private static let names = [
        "INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT",
    ]

    /// As ip(8) writes it.
    public var description: String {
        let known = Self.names.indices.filter { rawValue & 1 << UInt16($0) != 0 }.map { Self.names[$0] }
        let unknown = rawValue & 0xFF00
        let all = known + (unknown == 0 ? [] : ["state \(unknown)"])
        return all.isEmpty ? "NONE" : all.joined(separator: ",")
    }
}
