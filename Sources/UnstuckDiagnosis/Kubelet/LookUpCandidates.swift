import UnstuckModel

/// Candidates of a kubelet's log, looked up in a diagnosis of the node.
public struct CandidateLookups: Sendable {
    public var lookups: [CandidateLookup] = []
    /// The findings about candidates, in the diagnosis' order.
    public var findings: [Finding] = []

    public var hasFindings: Bool { lookups.contains { [.stuck, .unanswered, .atRisk].contains($0.verdict) } }
    public var isInconclusive: Bool { lookups.contains { $0.verdict == .inconclusive } }

    /// - Parameters:
    ///   - trials: probes that were made anew.
    ///   - probing: the process that made them: a connection of its that has no answer is one of a failing probe.
    public init(
        of log: KubeletLog, in view: NodeView, _ diagnosis: Diagnosis, trials: [CandidateTrial] = [],
        probing: Int32? = nil
    ) {
        var subjects: [Subject] = []
        for group in log.groups where group.key.suspicion == .candidate {
            let pod = group.key.pod
            guard group.key.target != nil || pod != nil else { continue }
            let place = subjects.firstIndex { $0.target == group.key.target && ($0.target != nil || $0.pods == [pod]) }
            if let place {
                subjects[place].add(pod, client: group.example.cause.client)
            } else if subjects.count < Self.most {
                subjects.append(Subject(target: group.key.target, pods: []))
                subjects[subjects.count - 1].add(pod, client: group.example.cause.client)
            }
        }
        let seen = SeenAddresses(subjects.compactMap(\.target), view)
        var related = Set<Int>()
        var findings = diagnosis.findings
        for subject in subjects {
            let own = findings.indices.filter { subject.isMeant(by: findings[$0], view) }
            for index in own where subject.isOfProbe(findings[index], probing) {
                findings[index].severity = max(findings[index].severity, .warning)
            }
            related.formUnion(own)
            var lookup = Self.lookup(subject, own.map { findings[$0] }, seen, view, diagnosis)
            if lookup.verdict == .nothing, trials.contains(where: { $0.target == subject.target && $0.hangs }) {
                lookup.verdict = .unanswered
            }
            lookups.append(lookup)
        }
        self.findings = findings.indices.filter(related.contains).map { findings[$0] }
    }

    /// Targets that are looked up.
    private static let most = 1000

    /// What a candidate is about.
    private struct Subject {
        var target: Endpoint?
        var pods: [String?]
        /// kubelet's ends that the log names.
        var clients = Set<Endpoint>()

        mutating func add(_ pod: String?, client: Endpoint?) {
            if !pods.contains(pod) { pods.append(pod) }
            if let client { clients.insert(client) }
        }

        func isMeant(by finding: Finding, _ view: NodeView) -> Bool {
            guard let target else {
                let names = pods.compactMap { $0 }
                return finding.subject.pod.map(names.contains) ?? false
                    || (finding.connections ?? []).contains { row in
                        row.ends.contains { $0.pod.map(names.contains) ?? false }
                    }
            }
            if let tuple = finding.subject.connection, tuple.local == target || tuple.remote == target { return true }
            if (finding.connections ?? []).contains(where: { $0.server == target || $0.client == target }) {
                return true
            }
            return finding.subject.entries.contains { reference in
                let claim = view.sockmaps.entry(reference)?.claim ?? view.sockmaps.walkedClaim(reference)
                return claim.map { $0.local == target || $0.remote == target } ?? false
            }
        }

        /// A silent connection is a note, unless a failing probe is known to be its client.
        func isOfProbe(_ finding: Finding, _ probing: Int32?) -> Bool {
            finding.code == .silent
                && (finding.connections ?? []).contains { row in
                    row.server == target
                        && (clients.contains(row.client)
                            || row.ends.contains {
                                $0.side == .client && ($0.holder?.pid == probing || $0.holder?.command == "kubelet")
                                    && $0.holder != nil
                            })
                }
        }
    }

    private static func lookup(
        _ subject: Subject, _ findings: [Finding], _ seen: SeenAddresses, _ view: NodeView, _ diagnosis: Diagnosis
    ) -> CandidateLookup {
        let target = subject.target
        let stuck = findings.filter { $0.severity == .critical }
        let use = target.flatMap { seen.uses[$0] }
        let hasOpenQuestions =
            !diagnosis.unknown.isEmpty || diagnosis.checked.unreadNamespaces != nil
            || diagnosis.unsettled.contains { $0.connection.local == target || $0.connection.remote == target }
            || diagnosis.isInconclusive && !diagnosis.suspects.isEmpty
                && diagnosis.suspects.contains { reference in
                    guard let claim = view.sockmaps.entry(reference)?.claim else { return false }
                    return claim.local == target || claim.remote == target
                }
        let verdict: CandidateLookup.Verdict =
            !stuck.isEmpty
            ? .stuck
            : findings.contains { $0.severity == .warning }
                ? .atRisk
                : hasOpenQuestions
                    ? .inconclusive : target.map { !seen.addresses.contains($0.address) } ?? false ? .notHere : .nothing
        let tuples = stuck.flatMap { finding in
            (finding.connections ?? []).filter { $0.server == target || $0.client == target || target == nil }.map(
                \.tuple)
                + [finding.subject.connection].compactMap { $0 }
        }
        return CandidateLookup(
            target: target, pods: subject.pods.compactMap { $0 }, podNow: target.flatMap { view.pod(at: $0.address) },
            verdict: verdict, connections: use?.connections.count ?? 0, stuck: Set(tuples).count,
            entries: use?.entries ?? [:], findings: findings.map(\.code))
    }
}

/// Where a snapshot has the addresses that are looked for.
private struct SeenAddresses {
    struct Use {
        var connections = Set<FourTuple>()
        var entries: [String: Int] = [:]
    }

    var uses: [Endpoint: Use]
    /// Addresses of which there is a socket's own, or a key's.
    var addresses = Set<IPAddress>()

    init(_ targets: [Endpoint], _ view: NodeView) {
        uses = Dictionary(targets.map { ($0, Use()) }) { first, _ in first }
        let wanted = Set(targets.map(\.address))
        for socket in view.now.sockets where wanted.contains(socket.socket.tuple.local.address) {
            addresses.insert(socket.socket.tuple.local.address)
        }
        for socket in view.now.sockets where socket.isConnected {
            let tuple = socket.socket.tuple
            uses[tuple.local]?.connections.insert(tuple.reversed)
            uses[tuple.remote]?.connections.insert(tuple)
        }
        func add(_ claim: FourTuple?, _ state: EntryState) {
            for end in [claim?.local, claim?.remote].compactMap({ $0 }) where wanted.contains(end.address) {
                addresses.insert(end.address)
                uses[end]?.entries[state.rawValue, default: 0] += 1
            }
        }
        for entry in view.sockmaps.entries { add(entry.claim, entry.state) }
        for key in view.sockmaps.walked { add(key.claim, key.state) }
    }
}

extension SockmapIndex {
    /// The claim of a key that was walked.
    func walkedClaim(_ reference: EntryReference) -> FourTuple? {
        walked.first { $0.map.id == reference.map && $0.entry.key == reference.key }?.claim
    }
}
