import UnstuckModel

/// Who has which address: all from the ranges that are reserved for documentation.
public enum AddressPlan {
    public static let node = HostAddresses(v4: 0xC000_020A, v6: 0x2001_0DB8_0000_0000, 0x10)  // 192.0.2.10
    public static let remote = HostAddresses(v4: 0xC633_6414, v6: 0x2001_0DB8_0002_0000, 0x20)  // 198.51.100.20

    /// How many pods the plan has room for: 203.0.113.10 to 203.0.113.254.
    public static let podLimit = 245

    /// 203.0.113.(10 + index) and 2001:db8:0:1::(0x10 + index).
    public static func pod(_ index: Int) -> HostAddresses {
        HostAddresses(
            v4: 0xCB00_710A + UInt32(clamping: index), v6: 0x2001_0DB8_0000_0001, 0x10 + UInt64(clamping: index))
    }

    /// The node's device for a pod: its end of the veth pair.
    public static func nodeDevice(_ index: Int) -> String { "lxc-\(index)" }
}

/// The two addresses of one host.
public struct HostAddresses: Hashable, Sendable, Codable {
    public var v4: IPAddress
    public var v6: IPAddress

    init(v4: UInt32, v6 high: UInt64, _ low: UInt64) {
        self.v4 = IPAddress(v4: v4)
        self.v6 = IPAddress(high: high, low: low)
    }

    /// The address of a family.
    public subscript(family: AddressFamily) -> IPAddress { family == .v4 ? v4 : v6 }
}

/// IPv4 or IPv6, as people write it on a command line: 4 or 6.
public enum AddressFamily: Int, Sendable, Codable, CaseIterable {
    case v4 = 4
    case v6 = 6
}
