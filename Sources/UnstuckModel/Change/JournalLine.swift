/// One line of the journal of `repair --apply` (docs/json.md).
public struct JournalLine: Sendable, Codable, Hashable {
    /// What happened. Open: a later version may write other words, which a reader keeps and passes over.
    public struct Event: RawRepresentable, Sendable, Codable, Hashable {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        /// A run starts; its line names the kernel's boot.
        public static let begin = Event(rawValue: "begin")
        /// A step that this run means to take. Every one has a `result`, unless the run was killed.
        public static let intend = Event(rawValue: "intend")
        public static let result = Event(rawValue: "result")
        /// What became of a step that an earlier run, `of`, had intended and never told the result of.
        public static let resume = Event(rawValue: "resume")
        public static let end = Event(rawValue: "end")
    }

    /// What a line is about.
    public enum Step: String, Sendable, Codable { case run, delete, reset }

    /// Seconds since 1970.
    public var time: Double
    /// Names the run.
    public var run: String
    public var event: Event
    public var step: Step
    /// The kernel's id of this boot: sockets and maps of another one are not compared.
    public var boot: String?
    /// The earlier run that a `resume` line is about.
    public var of: String?
    public var map: UInt32?
    public var key: SockmapKey?
    /// What the key names; of a reset the connection as its sender sees it.
    public var claim: FourTuple?
    public var state: EntryState?
    /// Of the socket, or of the sender; 0 unknown.
    public var cookie: UInt64?
    /// The same socket's inode, where a descriptor holds it: distinguishes sockets where there are no cookies.
    public var inode: UInt64?
    public var holder: SocketOwner?
    /// Unread bytes in the socket's queue when it was checked.
    public var unread: UInt32?
    public var outcome: String?
    public var detail: String?

    public init(time: Double, run: String, event: Event, step: Step) {
        self.time = time
        self.run = run
        self.event = event
        self.step = step
    }
}
