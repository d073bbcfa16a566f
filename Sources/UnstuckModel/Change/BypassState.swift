/// A map whose accelerator is bypassed, for `bypass status` and for the one who puts it back.
public struct BypassState: Sendable, Codable {
    /// One cgroup in which a program of the accelerator's was replaced.
    public struct Place: Sendable, Codable, Hashable {
        public enum Condition: String, Sendable, Codable {
            /// The program is still, or again, where it was, among those that were there, in their order.
            case original
            /// The shim is there and keeps new connections plain.
            case bypassed
            /// The shim is there, and its time is over: it hands everything on to the original.
            case handingOn = "passingThrough"
            /// Another has changed the list meanwhile, or the cgroup has gone; nothing of ours is there.
            case changed
            /// It could not be seen: see `obstacle`.
            case unknown
        }

        /// Below the cgroup v2 mount.
        public var cgroup: String
        /// The cgroup's id: its directory's inode number.
        public var group: UInt64
        /// `multi`, `override`, or `nil`: it keeps all others out.
        public var mode: String?
        /// The id of the link that holds the program there; `nil`: attached without one.
        public var link: UInt32?
        /// The accelerator's program.
        public var original: UInt32
        public var originalName: String
        /// What replaces it.
        public var shim: UInt32?
        /// The shim can pass through to the original.
        public var passesThrough: Bool
        /// All sock_ops programs of the cgroup, in their order: when the bypass began, and when it was last looked at.
        public var before: [UInt32]
        public var now: [UInt32]
        public var condition: Condition
        /// Why it could not be seen.
        public var obstacle: String?
        /// Programs of the original's name that came since: the accelerator was started anew, and is not bypassed.
        public var restarted: [UInt32]
        /// Sockets that were not inserted.
        public var notInserted: UInt64

        public init(
            cgroup: String, group: UInt64, mode: String?, link: UInt32?, original: UInt32, originalName: String,
            before: [UInt32]
        ) {
            self.cgroup = cgroup
            self.group = group
            self.mode = mode
            self.link = link
            self.original = original
            self.originalName = originalName
            self.before = before
            passesThrough = true
            now = before
            condition = .original
            restarted = []
            notInserted = 0
        }

        private enum CodingKeys: String, CodingKey {
            case cgroup, group, mode, link, original, originalName, before, now, condition, obstacle
            case shim
            case passesThrough
            case restarted
            case notInserted
        }
    }

    public var map: UInt32
    public var mapName: String
    /// Seconds since 1970.
    public var since: Double
    /// When it undoes itself, as `since` and on CLOCK_BOOTTIME in nanoseconds; `nil`: when it is reported to.
    public var until: Double?
    public var deadline: UInt64?
    /// The accelerator's program sees no event at all, not only no new connection.
    public var takesAllEvents: Bool
    /// The process that undoes it at `until`, and its start time in clock ticks since boot; `nil`: none.
    public var keeper: Int32?
    public var keeperStart: UInt64?
    public var places: [Place]
    /// Entries of the map whose sockets live, and those whose sockets are dead; `nil`: nobody looked.
    public var liveEntries: Int?
    public var deadEntries: Int?

    public init(map: UInt32, mapName: String, since: Double, places: [Place]) {
        self.map = map
        self.mapName = mapName
        self.since = since
        self.places = places
        takesAllEvents = false
    }

    private enum CodingKeys: String, CodingKey {
        case map, mapName, since, until, deadline, keeper, keeperStart, places, liveEntries
        case takesAllEvents
        case deadEntries = "staleEntries"
    }

    /// Everything is where it was.
    public var isUndone: Bool { places.allSatisfy { $0.condition == .original } }
}
