import UnstuckModel

/// What a rule concludes.
enum Verdict<Subject> {
    case present(Subject)
    /// Ruled out, by this observation.
    case excluded(by: String)
    /// Another sample would decide.
    case undecided(Suspicion)
    /// It may be this, by an observation that does not prove it.
    case suspected(by: String)
    /// It cannot be decided: what is missing.
    case unknown(String)
    case notApplicable
}

/// What only looks like a fault so far.
enum Suspicion {
    /// Looks stale, and was seen once.
    case entry(EntryReference)
    /// Holds bytes, and may move.
    case connection(UnsettledConnection)
}

/// One kind of fault. Rules are pure: a view in, verdicts out. See CONTRIBUTING.md, "Add a rule".
protocol Rule: Sendable {
    /// All that it can find; each is in ``FindingCatalogue``.
    var codes: [Finding.Code] { get }
    /// Codes of rules that are evaluated before this one.
    var after: [Finding.Code] { get }
}

extension Rule {
    var after: [Finding.Code] { [] }
}

/// A rule about the node: its maps, entries, listeners.
protocol NodeRule: Rule {
    /// Evidence that it wants beside what every sample holds; asked for again until nothing new is wanted.
    func wants(_ view: NodeView) -> EvidenceRequest
    /// - Parameter findings: those of the rules before it.
    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>]
}

extension NodeRule {
    func wants(_ view: NodeView) -> EvidenceRequest { EvidenceRequest() }
}

/// A rule about one connection. It is asked about connections that do not move, and, to rule its cause out, about those that
/// another finding is about.
protocol ConnectionRule: Rule {
    /// Evidence that is collected for the connections that it is asked about.
    var needs: Set<Need> { get }
    /// As ``needs``, of one connection: less, where the rule is about few of them and asking is not free.
    func needs(of stuck: StuckCandidate, _ view: NodeView) -> Set<Need>
    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause>
}

extension ConnectionRule {
    var needs: Set<Need> { [] }
    func needs(of stuck: StuckCandidate, _ view: NodeView) -> Set<Need> { needs }
}

/// Evidence that is not in every sample, and is collected for single connections: of which kind, and of what.
struct Need: Hashable {
    enum Scope {
        /// Both ends, and the listener.
        case sockets
        /// The processes that hold these.
        case holders
        /// The network namespaces of the ends.
        case namespaces
        /// The end that should read.
        case reader
        /// The network namespace of the end that has not got rid of its bytes, and what its veth pairs lead to.
        case reach
    }
    var evidence: Evidence
    var scope: Scope

    static let owners = Need(evidence: .owners, scope: .sockets)
    /// What the threads of the owners do.
    static let processes = Need(evidence: .processes, scope: .holders)
    static let counters = Need(evidence: .counters, scope: .namespaces)
    static let links = Need(evidence: .links, scope: .reach)
    /// What FIONREAD says of it: a descriptor of another process is duplicated for that.
    static let readable = Need(evidence: .readable, scope: .reader)
}

/// What a ``ConnectionRule`` says of a connection. Connections of the same cause and ``group`` become one finding.
struct Cause {
    var code: Finding.Code
    var severity: Finding.Severity
    /// As ``Finding/certainty``.
    var certainty: Finding.Certainty?
    /// One line without the connection: "stuck: not read by postgres[3301]".
    var headline: String
    /// What else must be alike for two connections to be one finding, beside the code and the server.
    var group: String
    /// Of the group, not of one connection.
    var facts: [Fact]
    /// What to do, in one sentence.
    var remedy: String
    var remedies: [Remedy] = []
    /// The processes that it is about.
    var holders: [SocketOwner] = []
}

/// A connection that is asked about.
struct StuckCandidate {
    var connection: Connection
    /// Where its bytes are; `nil`: it holds none.
    var place: StuckConnection.Place?
    /// At least so long without progress; `nil`: not known, or it moves.
    var seconds: Double?
    /// The server's side of a handshake that is not complete there (SYN-RECV), while the client is connected.
    var pending: TCPSocket?
    /// Causes that rules before this one have found for it.
    var causes: [Finding.Code] = []
    /// What rules before this one suspect, and by what.
    var suspected: [Finding.Code: String] = [:]

    /// The end that should read what waits, if bytes wait for a reader.
    var reader: TCPSocket? { place?.queue == .send ? nil : holding }

    /// The end at which its bytes are.
    var holding: TCPSocket? {
        place.flatMap { place in connection.ends.first { connection.side(of: $0) == place.side } }
    }
}
