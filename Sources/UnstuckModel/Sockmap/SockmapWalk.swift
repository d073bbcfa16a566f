/// A sockmap as user space sees it without an iterator: its keys. Who sits behind them is out of sight.
public struct SockmapWalk: Hashable, Sendable, Codable {
    public var entries: [WalkedEntry]
    /// The walk got through the whole map. A key that is deleted just when the walk stands on it sends the kernel back to
    /// the first bucket; where that happens again and again we stop, and keys may be missing.
    public var isComplete: Bool
    /// How often the walk was sent back.
    public var restarts: Int

    public init(entries: [WalkedEntry] = [], isComplete: Bool = false, restarts: Int = 0) {
        self.entries = entries
        self.isComplete = isComplete
        self.restarts = restarts
    }

    /// Unmarks entries that did not stay.
    public mutating func keepStable(_ stayed: (WalkedEntry) -> Bool) {
        for index in entries.indices where entries[index].isStable { entries[index].isStable = stayed(entries[index]) }
    }
}

/// A key that a walk met.
public struct WalkedEntry: Hashable, Sendable, Codable {
    public var key: SockmapKey
    /// `SO_COOKIE` of the socket, where the map's values are eight bytes wide and so can be looked up; else `nil`.
    public var cookie: UInt64?
    /// The key was there, with the same cookie, before and after the socket tables were read, and after the sockets that
    /// they lack were asked for by name. Where it was not, it is not called unseen.
    public var isStable: Bool

    public init(key: SockmapKey, cookie: UInt64? = nil, isStable: Bool = false) {
        self.key = key
        self.cookie = cookie
        self.isStable = isStable
    }

    /// Who sits there as far as this way knows: the cookie or nothing.
    public var socket: SocketIdentity { SocketIdentity(address: 0, cookie: cookie ?? 0) }
}
