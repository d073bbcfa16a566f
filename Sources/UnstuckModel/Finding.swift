/// One anomaly, with what proves it.
public struct Finding: Sendable, Codable {
    /// Stable, documented one page each under docs/findings/, never reused.
    public enum Code: String, Sendable, Codable, CaseIterable {
        case leaked = "sockmap.leaked"
        case zombie = "sockmap.zombie"
        case crossWired = "sockmap.cross-wired"
        case misdirected = "sockmap.misdirected"
        case disclosure = "sockmap.disclosure"
        case full = "sockmap.full"
        case unseen = "sockmap.unseen"
    }

    /// How much it hurts now.
    public enum Severity: String, Sendable, Codable, Comparable {
        /// A connection hangs now, or bytes went to a stranger.
        case critical
        /// The next connection, or the next byte, will.
        case warning

        public static func < (one: Severity, other: Severity) -> Bool { one == .warning && other == .critical }
    }

    /// A labelled fact, as it was observed.
    public struct Evidence: Sendable, Codable, Hashable {
        public var label: String
        public var text: String
        public init(_ label: String, _ text: String) {
            self.label = label
            self.text = text
        }
    }

    public var code: Code
    public var severity: Severity
    /// Repair can do something about it: a dead entry is in the way, not a living socket.
    public var isMendable: Bool
    /// One line: what is wrong with what.
    public var summary: String
    public var evidence: [Evidence]
    /// Other causes that were looked at, each with the observation that excludes it.
    public var ruledOut: [String]
    /// What to do about it, in one sentence.
    public var remedy: String
    /// All that can be done, the nearest first.
    public var remedies: [Remedy] = []
    /// What it is about, for machines.
    public var subject: Subject

    /// References into the snapshot.
    public struct Subject: Sendable, Codable {
        public var pod: String?
        /// The map, of a finding about a map as a whole.
        public var map: UInt32?
        /// The connection as its sender sees it.
        public var connection: FourTuple?
        /// `armed` or `stuck`, of a misdirected connection.
        public var stage: Stage?
        /// The sockets of the connection: sender, then receiver.
        public var sockets: [SocketIdentity]
        public var entries: [EntryReference]
        public var holders: [SocketOwner]
        /// Bytes that were swallowed.
        public var bytes: UInt64?

        public init(
            pod: String? = nil, map: UInt32? = nil, connection: FourTuple? = nil, stage: Stage? = nil,
            sockets: [SocketIdentity] = [],
            entries: [EntryReference] = [], holders: [SocketOwner] = [], bytes: UInt64? = nil
        ) {
            self.pod = pod
            self.map = map
            self.connection = connection
            self.stage = stage
            self.sockets = sockets
            self.entries = entries
            self.holders = holders
            self.bytes = bytes
        }
    }

    public enum Stage: String, Sendable, Codable {
        /// The next byte will be diverted.
        case armed
        /// Bytes wait where nobody who should will read them.
        case stuck
    }

    public init(
        code: Code, severity: Severity, isMendable: Bool = true, summary: String, evidence: [Evidence],
        ruledOut: [String] = [],
        remedy: String, subject: Subject
    ) {
        self.code = code
        self.severity = severity
        self.isMendable = isMendable
        self.summary = summary
        self.evidence = evidence
        self.ruledOut = ruledOut
        self.remedy = remedy
        self.subject = subject
    }
}

/// Names one entry of one map, and the socket that was seen there.
public struct EntryReference: Hashable, Sendable, Codable {
    public var map: UInt32
    public var key: SockmapKey
    public var resident: SocketIdentity
    public init(map: UInt32, key: SockmapKey, resident: SocketIdentity) {
        self.map = map
        self.key = key
        self.resident = resident
    }
}

/// What the rules concluded from one or more looks.
public struct Diagnosis: Sendable, Codable {
    public var findings: [Finding]
    /// Entries that look dead but were not seen twice, nor claimed by a live connection: no finding yet.
    public var suspects: [EntryReference]
    /// What could not be told, and what is missing to tell it.
    public var unknown: [String]
    public var totals: Totals

    public struct Totals: Sendable, Codable, Hashable {
        public var sockets: Int
        public var sockmaps: Int
        public var entries: Int
        public init(sockets: Int, sockmaps: Int, entries: Int) {
            self.sockets = sockets
            self.sockmaps = sockmaps
            self.entries = entries
        }
    }

    public init(findings: [Finding], suspects: [EntryReference], unknown: [String], totals: Totals) {
        self.findings = findings
        self.suspects = suspects
        self.unknown = unknown
        self.totals = totals
    }
}
