/// The guards and bypasses of a node, as a sample saw them: what is on already is not offered as a remedy.
public struct MapProtection: Sendable, Codable, Hashable {
    public struct Guard: Sendable, Codable, Hashable {
        public var map: UInt32
        public var mode: GuardMode
        /// Pinned links hold it.
        public var isPinned: Bool
        /// `nil`: none, or it is gone.
        public var process: Int32?
        public var condition: GuardState.Condition

        public init(_ state: GuardState) {
            map = state.map
            mode = state.mode
            isPinned = state.isPinned
            process = state.process
            condition = state.condition ?? .unknown
        }
    }

    public struct Bypass: Sendable, Codable, Hashable {
        public var map: UInt32
        /// Seconds since 1970; `nil`: until `bypass off`.
        public var until: Double?
        /// New connections are plain TCP in each cgroup in which it was set up.
        public var isComplete: Bool

        public init(_ state: BypassState) {
            map = state.map
            until = state.until
            isComplete = state.places.allSatisfy { $0.condition == .bypassed && $0.restarted.isEmpty }
        }
    }

    public var guards: [Guard]
    public var bypasses: [Bypass]
    /// What could not be seen of them, each as a clause for a person.
    public var unseen: [String]

    public init(guards: [Guard], bypasses: [Bypass], unseen: [String]) {
        self.guards = guards
        self.bypasses = bypasses
        self.unseen = unseen
    }
}

extension GuardState {
    /// Whether a guard does its work. Open: a later version may know other words.
    public struct Condition: RawRepresentable, Sendable, Codable, Hashable {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let working = Condition(rawValue: "working")
        /// Its process is stopped, or has not worked for some time.
        public static let stopped = Condition(rawValue: "stopped")
        /// Its process is gone and did not clean up.
        public static let ended = Condition(rawValue: "ended")
        /// What was pinned does nothing any more.
        public static let severed = Condition(rawValue: "severed")
        /// It could not be seen.
        public static let unknown = Condition(rawValue: "unknown")
    }
}
