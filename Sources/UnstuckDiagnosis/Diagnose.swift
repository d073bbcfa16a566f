import UnstuckModel

/// Samples of a node -> what is wrong with it. The same code for live and saved samples.
///
/// - Parameter looks: oldest first, of one boot. Two samples some seconds apart tell a stale entry from a socket that is
///   just closing, and a connection that stands from one that moves.
public func diagnose(_ looks: [Snapshot]) -> Diagnosis {
    guard let view = NodeView(looks) else {
        return Diagnosis(
            findings: [], suspects: [], unknown: ["there is no snapshot"],
            totals: .init(sockets: 0, sockmaps: 0, entries: 0),
            checked: .init(connections: 0, causes: 0, samples: 0, seconds: 0))
    }
    return diagnose(view)
}

/// As ``diagnose(_:)``, of an indexed sample.
public func diagnose(_ view: NodeView) -> Diagnosis {
    var report = Report()
    for rule in RuleRegistry.node {
        report.wanted.formUnion(rule.wants(view))
        for verdict in rule.evaluate(view, report.findings) { report.add(verdict) }
    }
    let connections = StuckConnections(view)
    connections.evaluate(&report)
    for index in report.findings.indices where report.findings[index].code == .misdirected {
        guard let sender = report.findings[index].subject.sockets.first,
            let connection = view.connections.connection(of: sender)
        else { continue }
        report.findings[index].ruledOut = connections.ruledOut(connection)
    }
    report.findings.sort { one, other in
        one.severity == other.severity
            ? FindingCatalogue.rank(one.code) < FindingCatalogue.rank(other.code) : one.severity > other.severity
    }
    report.wanted[.owners].formUnion(ownersWanted(view, report).map { .socket($0) })
    for finding in report.findings where FindingCatalogue.entry(finding.code)?.place == .application {
        let sockets = finding.subject.sockets.prefix(1).compactMap { view.socket($0) }
        let pids = sockets.flatMap { view.owners(of: $0.socket) }.map { UInt32(bitPattern: $0.pid) }
        report.wanted[.processes].formUnion(pids.map { .process($0) })
    }
    var diagnosis = Diagnosis(
        findings: report.findings, suspects: report.suspects, unsettled: report.unsettled, unknown: report.unknown,
        totals: .init(
            sockets: view.now.sockets.count, sockmaps: view.now.sockmaps.count,
            entries: view.sockmaps.entries.count + view.sockmaps.walked.count),
        checked: .init(
            connections: view.connections.count(where: view.isInScope),
            causes: RuleRegistry.codes.count(where: \.isCause),
            samples: view.history.samples.count + 1,
            seconds: view.now.monotonic - (view.history.samples.first ?? view.now).monotonic,
            maps: view.now.selectedMaps))
    diagnosis.wanted = report.wanted
    let coverage = view.now.coverage
    let unread = coverage.unreadNamespaces(.sockets)
    diagnosis.checked.unreadNamespaces = unread.isEmpty ? nil : unread.sorted()
    let absent = Evidence.known.filter { !report.wanted[$0].isEmpty && coverage.answer($0) == .notCollected }
    diagnosis.checked.notCollected = absent.isEmpty ? nil : absent
    guard diagnosis.findings.contains(where: { FindingCatalogue.entry($0.code)?.place == .sockmap }) else {
        return diagnosis
    }
    let remedies = Remedies(view, diagnosis)
    for index in diagnosis.findings.indices { remedies.complete(&diagnosis.findings[index]) }
    return diagnosis
}

/// What the rules concluded.
struct Report {
    var findings: [Finding] = []
    var suspects: [EntryReference] = []
    var unsettled: [UnsettledConnection] = []
    var unknown: [String] = []
    var wanted = EvidenceRequest()

    mutating func add(_ verdict: Verdict<Finding>) {
        switch verdict {
        case .present(let finding): findings.append(finding)
        case .undecided(.entry(let entry)): suspects.append(entry)
        case .undecided(.connection(let connection)): unsettled.append(connection)
        case .unknown(let missing): unknown.append(missing)
        case .suspected, .excluded, .notApplicable: break
        }
    }
}

/// Inodes of the sockets whose owners a reader will want to know: those that findings and suspects are about.
private func ownersWanted(_ view: NodeView, _ report: Report) -> Set<UInt64> {
    var identities = Set(report.suspects.map(\.socket))
    for finding in report.findings {
        identities.formUnion(finding.subject.sockets)
        identities.formUnion(finding.subject.entries.map(\.socket))
    }
    guard !identities.isEmpty else { return [] }
    var inodes = Set<UInt64>()
    func consider(_ socket: KernelSocket) {
        if identities.contains(socket.identity), socket.inode != 0 { inodes.insert(socket.inode) }
    }
    for entry in view.sockmaps.entries { consider(entry.entry.socket) }
    for socket in view.now.sockets { consider(socket.socket) }
    return inodes
}
