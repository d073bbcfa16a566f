/// What repair would do, as a value that a person can read: nothing here changes anything.
public struct Plan: Sendable, Codable {
    /// Delete one stale entry.
    public struct Deletion: Sendable, Codable, Hashable {
        public var entry: EntryReference
        public var mapName: String
        public var state: EntryState
        /// The tuple that the key names: who will hang while the entry is there.
        public var claim: FourTuple
        public var pod: String?
        /// Holds the zombie; its descriptor is duplicated while the entry is deleted.
        public var holder: SocketOwner?
        /// Unread bytes in the socket's queue when it was checked.
        public var unreadBytes: UInt32
        /// Delete although bytes are unread: a live connection claims the tuple, or `--discard-unread` was given.
        public var allowUnread: Bool
        /// A live connection that claims this tuple now.
        public var claimant: SocketIdentity?
        /// Why it may be deleted.
        public var reason: String

        public init(
            entry: EntryReference, mapName: String, state: EntryState, claim: FourTuple, pod: String?,
            holder: SocketOwner?, unreadBytes: UInt32, allowUnread: Bool, claimant: SocketIdentity?, reason: String
        ) {
            self.entry = entry
            self.mapName = mapName
            self.state = state
            self.claim = claim
            self.pod = pod
            self.holder = holder
            self.unreadBytes = unreadBytes
            self.allowUnread = allowUnread
            self.claimant = claimant
            self.reason = reason
        }
    }

    /// Destroy a connection that has lost bytes, then delete the entries that its own sockets leave behind.
    public struct Reset: Sendable, Codable, Hashable {
        /// As the sender sees it.
        public var connection: FourTuple
        /// Both ends that live on this node, with the namespace of each.
        public var ends: [End]
        public struct End: Sendable, Codable, Hashable {
            public var socket: SocketIdentity
            public var tuple: FourTuple
            public var netns: UInt32
            /// Tells the socket from others where the kernel gives no cookie to the look; 0: it has none.
            public var inode: UInt64
            public init(socket: SocketIdentity, tuple: FourTuple, netns: UInt32, inode: UInt64) {
                self.socket = socket
                self.tuple = tuple
                self.netns = netns
                self.inode = inode
            }
        }
        /// Entries whose socket is one of the ends.
        public var entries: [EntryReference]
        public init(connection: FourTuple, ends: [End], entries: [EntryReference]) {
            self.connection = connection
            self.ends = ends
            self.entries = entries
        }
    }

    /// A stale entry that is skipped, and why.
    public struct Undecided: Sendable, Codable, Hashable {
        public var entry: EntryReference
        public var mapName: String
        public var claim: FourTuple?
        public var reason: String
        public init(entry: EntryReference, mapName: String, claim: FourTuple?, reason: String) {
            self.entry = entry
            self.mapName = mapName
            self.claim = claim
            self.reason = reason
        }
    }

    public var deletions: [Deletion]
    public var resets: [Reset]
    public var undecided: [Undecided]
    /// Why the plan must not be applied as it is (the circuit breaker); empty: nothing is in the way.
    public var refusals: [String]
    /// What the reader should know before applying.
    public var cautions: [String]
    /// Stale entries that the selection leaves out.
    public var notSelected: Int
    /// Entries that could be deleted and are left to another run, for this one has a limit.
    public var beyondLimit: Int

    public init(
        deletions: [Deletion] = [], resets: [Reset] = [], undecided: [Undecided] = [], refusals: [String] = [],
        cautions: [String] = [], notSelected: Int = 0, beyondLimit: Int = 0
    ) {
        self.deletions = deletions
        self.resets = resets
        self.undecided = undecided
        self.refusals = refusals
        self.cautions = cautions
        self.notSelected = notSelected
        self.beyondLimit = beyondLimit
    }

    public var isEmpty: Bool { deletions.isEmpty && resets.isEmpty }
}
