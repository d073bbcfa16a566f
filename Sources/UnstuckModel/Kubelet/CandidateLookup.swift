/// What a node shows now of what a failed probe was sent to.
public struct CandidateLookup: Sendable, Encodable {
    public enum Verdict: String, Sendable, Encodable {
        /// A connection to it is stuck.
        case stuck
        /// A probe that was made anew has no answer, and no finding says why.
        case unanswered
        /// The next connection, or the next byte, may be.
        case atRisk = "at-risk"
        /// No finding is about it.
        case nothing
        /// Evidence is missing.
        case inconclusive
        /// No socket and no entry has the address.
        case notHere = "not-here"
    }

    /// `nil`: the words name no address; it was looked for by the pod's name.
    public var target: Endpoint?
    /// Pods that the log names with it.
    public var pods: [String]
    /// The pod that has the address now.
    public var podNow: String?
    public var verdict: Verdict
    /// Connections with this end, in any network namespace.
    public var connections: Int
    /// Those of them that a critical finding is about.
    public var stuck: Int
    /// Entries of sockmaps whose keys name the address and port, by their states' names.
    public var entries: [String: Int]
    /// Codes of the findings about it.
    public var findings: [Finding.Code]

    public init(
        target: Endpoint?, pods: [String], podNow: String? = nil, verdict: Verdict, connections: Int = 0,
        stuck: Int = 0,
        entries: [String: Int] = [:], findings: [Finding.Code] = []
    ) {
        self.target = target
        self.pods = pods
        self.podNow = podNow
        self.verdict = verdict
        self.connections = connections
        self.stuck = stuck
        self.entries = entries
        self.findings = findings
    }
}
