/// Every finding of this version, in the order in which findings of one severity are shown: what hurts most comes first.
///
/// A test holds this table, docs/findings/, the rules and the lab's faults together.
public enum FindingCatalogue {
    public struct Entry: Sendable {
        public let code: Finding.Code
        /// What a connection is *not*, where the cause is ruled out: a noun.
        public let title: String
        public let place: Place

        init(_ code: Finding.Code, _ title: String, _ place: Place) {
            self.code = code
            self.title = title
            self.place = place
        }
    }

    /// Where bytes stop.
    public enum Place: String, Sendable, Codable {
        case sockmap, application, listener, stack, path, peer, kernel
        /// The finding says itself where: the cause is not known.
        case unknown
    }

    public static let all: [Entry] = [
        Entry(.misdirected, "redirected to another socket", .sockmap),
        Entry(.disclosure, "readable by another process", .sockmap),
        Entry(.stopped, "stopped process", .application),
        Entry(.fionread, "FIONREAD stall", .sockmap),
        Entry(.notReading, "not reading", .application),
        Entry(.notAccepting, "not accepting", .application),
        Entry(.overflow, "full accept queue", .listener),
        Entry(.deferAccept, "deferred accept", .listener),
        Entry(.zeroWindow, "shut window", .stack),
        Entry(.neighbour, "neighbour entry", .path),
        Entry(.peerVanished, "peer vanished", .peer),
        Entry(.loss, "loss", .path),
        Entry(.unexplained, "no cause found", .unknown),
        Entry(.zombie, "stale entry, held open", .sockmap),
        Entry(.leaked, "stale entry, orphaned", .sockmap),
        Entry(.unseen, "entry without a socket", .sockmap),
        Entry(.crossWired, "key/socket mismatch", .sockmap),
        Entry(.full, "sockmap full", .sockmap),
        Entry(.spuriousEagain, "EAGAIN from a blocking recv", .sockmap),
        Entry(.closedUnread, "unread after the peer has closed", .application),
        Entry(.silent, "request without an answer", .application),
    ]

    private static let ranks = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1.code, $0) })

    public static func entry(_ code: Finding.Code) -> Entry? { ranks[code].map { all[$0] } }

    /// Smaller is shown first; a code of another version comes last.
    public static func rank(_ code: Finding.Code) -> Int { ranks[code] ?? all.count }

    /// Causes, without ``Finding/Code/unexplained``, which says that none was found.
    public static var causes: [Finding.Code] { all.map(\.code).filter(\.isCause) }
}

extension Finding.Code {
    /// `stuck.unexplained` says that no cause was found: it is none itself.
    public var isCause: Bool { self != .unexplained }
}
