/// What a guard does with a stale entry whose socket has unread bytes: an unread byte and a free key cannot both be had.
public enum GuardMode: String, Sendable, Codable, CaseIterable {
    /// Keeps the entry, and tries again until the bytes have been read: no byte is lost, and until then the next
    /// connection with the same addresses and ports hangs.
    case preserve
    /// Deletes it: no connection hangs, and the bytes are lost, which is counted.
    case evict
}

/// How a guard learns that a socket has died, from the quickest to the slowest.
public enum GuardPath: String, Sendable, Codable, CaseIterable {
    /// A sock_ops program deletes in the same step in which the socket goes to CLOSE.
    case socketOperations = "sock_ops"
    /// A tracepoint tells user space, which checks again and deletes: some milliseconds.
    case events
    /// User space looks through the map now and then: dead in two looks.
    case sweep
}

/// One guarded map, for `guard status`.
public struct GuardState: Sendable, Codable {
    /// A stale entry that is kept because bytes are unread.
    public struct Held: Sendable, Codable, Hashable {
        public var key: SockmapKey
        /// Where the dead socket was connected.
        public var tuple: FourTuple
        public var netns: UInt32
        /// 0: they have been read, and nothing has taken the entry out since.
        public var unreadBytes: UInt32
        /// Seconds since it was first seen dead; 0: not known.
        public var seconds: Double

        public init(key: SockmapKey, tuple: FourTuple, netns: UInt32, unreadBytes: UInt32, seconds: Double) {
            self.key = key
            self.tuple = tuple
            self.netns = netns
            self.unreadBytes = unreadBytes
            self.seconds = seconds
        }
    }

    /// What was done since the guard began.
    public struct Counts: Sendable, Codable, Hashable {
        /// Entries that were deleted, by the path that came to them.
        public var removed: [String: UInt64] = [:]
        /// Of these, those with unread bytes, and how many bytes.
        public var evicted: UInt64 = 0
        public var evictedBytes: UInt64 = 0
        /// Deletions that the kernel refused.
        public var failed: UInt64 = 0
        /// Deletions after which the socket was inserted still: another hand was in it.
        public var raced: UInt64 = 0
        /// Events that user space missed because its buffer was full; the sweep finds what they were about.
        public var missedEvents: UInt64 = 0

        public init() {}

        private enum CodingKeys: String, CodingKey {
            case removed, evicted, evictedBytes, failed, raced
            case missedEvents
        }

        public mutating func remove(_ path: GuardPath, _ entries: UInt64 = 1) {
            removed[path.rawValue, default: 0] += entries
        }
        public var total: UInt64 { removed.values.reduce(0, +) }
    }

    public var map: UInt32
    public var mapName: String
    public var mode: GuardMode
    /// The paths in use.
    public var paths: [GuardPath]
    /// Cgroups in which the sock_ops program runs.
    public var cgroups: [String]
    /// Why a quicker path is not used.
    public var reasons: [String]
    /// Held by pinned links: it goes on without a process.
    public var isPinned: Bool
    /// The process that guards, and its start time in clock ticks since boot; `nil`: none.
    public var process: Int32?
    public var startTime: UInt64?
    /// The inode of the PID namespace in which `process` is so numbered; `nil`: not recorded.
    public var pidNamespace: UInt64?
    /// Whether it works; `nil`: nobody has looked.
    public var condition: Condition?
    /// Seconds since 1970.
    public var since: Double
    public var counts: Counts
    public var held: [Held]
    /// What has to be run; `nil`: nothing, or nobody has looked.
    public var toRun: [Remedy.Command]?
    /// Other programs use the map: without any it is left over from an accelerator that has gone.
    public var isInUse: Bool

    public init(map: UInt32, mapName: String, mode: GuardMode, isPinned: Bool, since: Double) {
        self.map = map
        self.mapName = mapName
        self.mode = mode
        self.isPinned = isPinned
        self.since = since
        paths = []
        cgroups = []
        reasons = []
        counts = Counts()
        held = []
        isInUse = true
    }
}
