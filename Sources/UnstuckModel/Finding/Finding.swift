/// One anomaly, with what proves it.
public struct Finding: Sendable, Codable {
    /// How much it hurts now.
    public enum Severity: String, Sendable, Codable, Comparable, CaseIterable {
        /// A connection is stuck, or bytes went to another process.
        case critical
        /// The next connection, or the next byte, will be.
        case warning
        /// A risk, or what cannot be distinguished from idle. Never a reason for exit status 1.
        case note

        private var rank: Int {
            switch self {
            case .note: 0
            case .warning: 1
            case .critical: 2
            }
        }

        public static func < (one: Severity, other: Severity) -> Bool { one.rank < other.rank }
    }

    /// How far the evidence goes.
    public enum Certainty: String, Sendable, Codable, CaseIterable {
        /// What was observed leaves no other explanation.
        case proven
        /// The kernel's part is proven, or known of its release; the application's part fits, and is not proven.
        case likely
        /// What was observed fits, and so does something else.
        case suspected
    }

    public var code: Code
    public var severity: Severity
    /// `nil`: the code has one certainty alone, which its page describes.
    public var certainty: Certainty?
    /// Repair can do something about it: a stale entry is in the way, not a living socket.
    public var isRepairable: Bool
    /// One line: what is wrong with what.
    public var summary: String
    public var evidence: [Fact]
    /// Other causes that were looked at, each with the observation that excludes it.
    public var ruledOut: [String]
    /// What to do about it, in one sentence.
    public var remedy: String
    /// All that can be done, the nearest first.
    public var remedies: [Remedy] = []
    /// What it is about, for machines.
    public var subject: Subject
    /// The connections of a finding about connections that are alike, those with most bytes first.
    public var connections: [StuckConnection]?

    /// References into the snapshot.
    public struct Subject: Sendable, Codable {
        public var pod: String?
        /// The map, of a finding about a map as a whole.
        public var map: UInt32?
        /// The connection as its sender sees it.
        public var connection: FourTuple?
        /// `at-risk` or `stuck`, of a misdirected connection.
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
        case atRisk = "at-risk"
        /// Bytes wait where nobody who should will read them.
        case stuck
    }

    public init(
        code: Code, severity: Severity, isRepairable: Bool = true, summary: String, evidence: [Fact],
        ruledOut: [String] = [],
        remedy: String, subject: Subject, connections: [StuckConnection]? = nil
    ) {
        self.code = code
        self.severity = severity
        self.isRepairable = isRepairable
        self.summary = summary
        self.evidence = evidence
        self.ruledOut = ruledOut
        self.remedy = remedy
        self.subject = subject
        self.connections = connections
    }
}

/// Names one entry of one map, and the socket that was seen there.
public struct EntryReference: Hashable, Sendable, Codable {
    public var map: UInt32
    public var key: SockmapKey
    public var socket: SocketIdentity
    public init(map: UInt32, key: SockmapKey, socket: SocketIdentity) {
        self.map = map
        self.key = key
        self.socket = socket
    }

    private enum CodingKeys: String, CodingKey {
        case map, key
        case socket
    }
}

/// What the rules concluded from one or more samples.
public struct Diagnosis: Sendable, Codable {
    /// Shortest time between two samples that makes an entry that looks dead, or a connection that does not move, a finding.
    ///
    /// A socket of a healthy kernel passes through CLOSE + SOCK_DEAD too, for microseconds, and an application needs a moment
    /// to close a reset connection. A connection may be silent for a delayed acknowledgement (40 to 200 ms), a round trip, or
    /// one retransmission after its first timeout (200 ms to 1 s) and move on.
    public static let secondsBetweenSamples = 2.0

    public var findings: [Finding]
    /// Entries that look dead but were not seen twice, nor claimed by a live connection: no finding yet.
    public var suspects: [EntryReference]
    /// Connections that hold bytes, of which the samples do not say whether they move: no finding yet.
    public var unsettled: [UnsettledConnection] = []
    /// What is unknown, and what is missing to tell it.
    public var unknown: [String]
    public var totals: Totals
    public var checked: Checked
    /// Evidence that could be collected now and would tell more. Not part of the document.
    public var wanted = EvidenceRequest()

    private enum CodingKeys: String, CodingKey { case findings, suspects, unsettled, unknown, totals, checked }

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

    /// What the answer is about.
    public struct Checked: Sendable, Codable, Hashable {
        /// Connections with an end, or both, in a table that was read; with `--map` those that have to do with these maps.
        public var connections: Int
        /// Codes that the rules can find, without ``Finding/Code/unexplained``.
        public var causes: Int
        public var samples: Int
        /// From the first sample to the last.
        public var seconds: Double
        /// Maps that were chosen; `nil`: all.
        public var maps: [UInt32]?
        /// Network namespaces that are known and whose sockets could not be read, all of them or some.
        public var unreadNamespaces: [UInt32]?
        /// Evidence that rules asked for and that these samples do not hold; `nil`: none.
        public var notCollected: [Evidence]?

        public init(connections: Int, causes: Int, samples: Int, seconds: Double, maps: [UInt32]? = nil) {
            self.connections = connections
            self.causes = causes
            self.samples = samples
            self.seconds = seconds
            self.maps = maps
        }
    }

    public init(
        findings: [Finding], suspects: [EntryReference], unsettled: [UnsettledConnection] = [], unknown: [String],
        totals: Totals, checked: Checked
    ) {
        self.findings = findings
        self.suspects = suspects
        self.unsettled = unsettled
        self.unknown = unknown
        self.totals = totals
        self.checked = checked
    }

    /// Findings of exit status 1: all but notes.
    public var hasFindings: Bool { findings.contains { $0.severity > .note } }

    /// What was found may not be all: evidence or a second sample is missing.
    public var isInconclusive: Bool {
        !unknown.isEmpty || !unsettled.isEmpty || !suspects.isEmpty && checked.seconds < Self.secondsBetweenSamples
    }

    /// A second sample would say more.
    public var wantsSecondSample: Bool { !suspects.isEmpty || !unsettled.isEmpty || wanted.secondSample }
}
