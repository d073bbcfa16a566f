extension Finding {
    /// What was found: stable, documented one page each under docs/findings/, never reused.
    ///
    /// Open: a reader of another version keeps a code that it does not know. ``FindingCatalogue`` lists those of this one.
    public struct Code: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        init(_ rawValue: String) { self.rawValue = rawValue }

        public static let leaked = Code("sockmap.leaked")
        public static let zombie = Code("sockmap.zombie")
        public static let crossWired = Code("sockmap.cross-wired")
        public static let misdirected = Code("sockmap.misdirected")
        public static let disclosure = Code("sockmap.disclosure")
        public static let full = Code("sockmap.full")
        public static let unseen = Code("sockmap.unseen")
        public static let fionread = Code("sockmap.fionread")
        public static let spuriousEagain = Code("sockmap.spurious-eagain")
        public static let stopped = Code("app.stopped")
        public static let notReading = Code("app.not-reading")
        public static let notAccepting = Code("app.not-accepting")
        public static let silent = Code("app.silent")
        public static let overflow = Code("listener.overflow")
        public static let deferAccept = Code("listener.defer-accept")
        public static let neighbour = Code("path.neighbour")
        public static let peerVanished = Code("peer.vanished")
        public static let zeroWindow = Code("stack.zero-window")
        public static let loss = Code("path.loss")
        public static let closedUnread = Code("app.closed-unread")
        public static let unexplained = Code("stuck.unexplained")
    }
}
