import UnstuckModel

/// Connections that hold bytes, unread, redirected and unread, or unacknowledged, and made no progress at either end
/// (``Progress``) over at least ``Diagnosis/secondsBetweenSamples``: each is asked of every connection rule. One for which no
/// rule finds a cause is `stuck.unexplained`.
///
/// Connections that hold nothing are idle, or wait for an answer: that is not distinguished here.
struct StuckConnections {
    private let view: NodeView
    private let rules: [any ConnectionRule]

    /// How often queues of redirected bytes must have been read between two samples before *the same* means *it stands*.
    ///
    /// One request of a busy connection looks like the next one, and its message may even lie where the last one lay: by
    /// chance in one of about 64 for messages of 512 bytes (a page fragment of 32 KiB holds so many). Two samples and five
    /// readings all deceived: less than one in 10^9.
    static let queueReadings = 5

    init(_ view: NodeView, rules: [any ConnectionRule] = RuleRegistry.connection) {
        self.view = view
        self.rules = rules
    }

    /// Adds findings about connections, and what keeps others from being one.
    func evaluate(_ report: inout Report) {
        // A warning about one of its sockets does not explain why a connection is stuck.
        let covered = Set(report.findings.filter { $0.severity == .critical }.flatMap(\.subject.sockets))
        var done = Set<SocketIdentity>()
        var groups: [GroupKey: [Member]] = [:]
        for (position, socket) in view.now.sockets.enumerated()
        where socket.holdsBytes && !done.contains(socket.socket.identity) {
            let connection = view.connections.connection(position)
            done.formUnion(connection.ends.map(\.socket.identity))
            guard connection.ends.allSatisfy({ !covered.contains($0.socket.identity) }), view.isInScope(connection),
                let place = connection.place
            else { continue }
            switch Standstill(of: connection, place, in: view).verdict {
            case .moves: continue
            case .stands(let seconds):
                var stuck = StuckCandidate(connection: connection, place: place, seconds: seconds)
                stuck.pending = connection.ends.first.flatMap(view.sockets.pendingHandshake)
                let member = causes(of: stuck, &report)
                groups[GroupKey(member, place), default: []].append(member)
            case .unsettled(let reason):
                guard connection.isEstablished(at: place) else { continue }
                report.unsettled.append(
                    UnsettledConnection(
                        connection: connection.tuple, netns: socket.socket.netns, queue: place.queue, reason: reason))
                report.wanted[.counters].formUnion(connection.ends.map { .namespace($0.socket.netns) })
            }
        }
        evaluateHandshakes(done, &groups, &report)
        report.findings += groups.values.map { StuckFinding(view, $0).finding }.sorted { one, other in
            let (mine, theirs) = (one.connections?.count ?? 0, other.connections?.count ?? 0)
            return mine == theirs ? one.summary < other.summary : mine > theirs
        }
    }

    /// Clients that are connected and send nothing, while the handshake is not complete at their server.
    private func evaluateHandshakes(
        _ done: Set<SocketIdentity>, _ groups: inout [GroupKey: [Member]], _ report: inout Report
    ) {
        for pending in view.sockets.pendingHandshakes {
            for position in view.sockets.positions(pending.socket.tuple.reversed) {
                let client = view.now.sockets[position]
                guard client.socket.state == .established, !done.contains(client.socket.identity),
                    view.isInScope(client.socket),
                    view.sockets.pendingHandshake(of: client)?.socket.identity == pending.socket.identity
                else { continue }
                let connection = Connection(ends: [client], tuple: client.socket.tuple)
                switch Standstill(of: connection, nil, in: view).verdict {
                case .moves: continue
                case .unsettled: report.wanted.secondSample = true
                case .stands(let seconds):
                    var stuck = StuckCandidate(connection: connection, seconds: seconds)
                    stuck.pending = pending
                    let member = causes(of: stuck, &report)
                    guard member.cause.code != .unexplained else { continue }
                    groups[GroupKey(member, nil), default: []].append(member)
                }
            }
        }
    }

    /// A connection with what the rules say of it.
    struct Member {
        var stuck: StuckCandidate
        var cause: Cause
        /// What was ruled out, and by what.
        var excluded: [Finding.Code: String]
    }

    private func causes(of candidate: StuckCandidate, _ report: inout Report) -> Member {
        var stuck = candidate
        var causes: [Cause] = []
        var excluded: [Finding.Code: String] = [:]
        var (suspected, unknown): ([Finding.Code: String], [Finding.Code: String]) = ([:], [:])
        report.wanted.formUnion(request(stuck))
        for rule in rules {
            switch rule.evaluate(stuck, view) {
            case .present(var cause):
                // A cause that comes first, had it been checked, would be the finding.
                if causes.isEmpty, !unknown.isEmpty {
                    if cause.certainty == nil {
                        cause.certainty = .likely
                        cause.headline += " (likely)"
                    }
                    cause.facts += Self.notChecked(unknown)
                }
                causes.append(cause)
                stuck.causes.append(cause.code)
            case .excluded(let fact): for code in rule.codes { excluded[code] = fact }
            case .suspected(let fact):
                suspected[rule.codes[0]] = fact
                stuck.suspected[rule.codes[0]] = fact
            case .unknown(let missing): unknown[rule.codes[0]] = missing
            case .undecided, .notApplicable: break
            }
        }
        return Member(
            stuck: stuck, cause: causes.first ?? Self.unexplained(stuck, suspected, unknown), excluded: excluded)
    }

    /// What the rules exclude for a connection that another finding is about.
    func ruledOut(_ connection: Connection) -> [String] {
        let stuck = StuckCandidate(connection: connection, place: connection.place)
        var result: [String] = []
        for rule in rules {
            guard case .excluded(let fact) = rule.evaluate(stuck, view) else { continue }
            result += rule.codes.compactMap { FindingCatalogue.entry($0) }.map { "\($0.title) (\(fact))" }
        }
        return result
    }

    /// What the rules need of this connection beside the samples.
    private func request(_ stuck: StuckCandidate) -> EvidenceRequest {
        var request = EvidenceRequest()
        for need in rules.reduce(into: Set<Need>(), { $0.formUnion($1.needs(of: stuck, view)) }) {
            request[need.evidence].formUnion(subjects(need.scope, of: stuck))
        }
        return request
    }

    private func subjects(_ scope: Need.Scope, of stuck: StuckCandidate) -> Set<EvidenceRequest.Subject> {
        let servers = stuck.connection.ends + [stuck.pending].compactMap { $0 }
        let sockets = stuck.connection.ends + servers.compactMap(view.sockets.listener)
        switch scope {
        case .sockets: return Set(sockets.map(\.socket.inode).filter { $0 != 0 }.map { .socket($0) })
        case .holders:
            return Set(sockets.flatMap { view.owners(of: $0.socket) }.map { .process(UInt32(bitPattern: $0.pid)) })
        case .reader: return Set([stuck.reader?.socket.inode].compactMap { $0 }.filter { $0 != 0 }.map { .socket($0) })
        case .namespaces: return Set(servers.map { .namespace($0.socket.netns) })
        case .reach:
            guard stuck.place?.queue == .send, let sender = stuck.holding else { return [] }
            return Set(view.links.reach(from: sender.socket.netns).map { .namespace($0) })
        }
    }

    private static func unexplained(
        _ stuck: StuckCandidate, _ suspected: [Finding.Code: String], _ unknown: [Finding.Code: String]
    ) -> Cause {
        let remedy =
            switch stuck.place?.queue {
            case .send:
                "what does the path do: ss -tinoe shows retransmissions, timer and window; docs/findings/stuck.unexplained.md"
            case .receive, .redirected, nil:
                "what does the process do: cat /proc/PID/wchan /proc/PID/stack; docs/findings/stuck.unexplained.md"
            }
        return Cause(
            code: .unexplained, severity: .critical, headline: "stuck; cause not checked yet", group: "",
            facts: FindingCatalogue.all.compactMap { entry in
                suspected[entry.code].map { Fact("may be", "\(entry.title) (\($0))") }
                    ?? unknown[entry.code].map { Fact("not checked", "\(entry.title) (not read: \($0))") }
            }, remedy: remedy)
    }

    private static func notChecked(_ unknown: [Finding.Code: String]) -> [Fact] {
        FindingCatalogue.all.compactMap { entry in
            unknown[entry.code].map { Fact("not checked", "\(entry.title) (not read: \($0))") }
        }
    }

    /// What is alike: the cause, the server, and the bytes in the same place.
    private struct GroupKey: Hashable {
        var code: Finding.Code
        var severity: Finding.Severity
        var group: String
        /// One that was checked wholly does not speak for one that was not.
        var certainty: Finding.Certainty?
        var server: Endpoint
        /// The same loopback address is another server in another namespace.
        var netns: UInt32?
        var place: StuckConnection.Place?

        init(_ member: Member, _ place: StuckConnection.Place?) {
            code = member.cause.code
            severity = member.cause.severity
            group = member.cause.group
            certainty = member.cause.certainty
            server = member.stuck.connection.tuple.remote
            self.place = place
            netns = server.address.isLoopback ? member.stuck.connection.ends.first?.socket.netns : nil
        }
    }
}
