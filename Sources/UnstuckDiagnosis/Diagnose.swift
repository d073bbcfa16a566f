import UnstuckModel

/// Looks at a node -> what is wrong with it. The same code for live and saved looks.
///
/// - Parameter looks: oldest first, of one boot. Two looks some seconds apart tell a dead entry from a socket that is
///   just closing.
public func diagnose(_ looks: [Snapshot]) -> Diagnosis {
    guard let view = NodeView(looks) else {
        return Diagnosis(
            findings: [], suspects: [], unknown: ["there is nothing to look at"],
            totals: .init(sockets: 0, sockmaps: 0, entries: 0),
            checked: .init(connections: 0, causes: 0, samples: 0, seconds: 0))
    }
    return diagnose(view)
}

/// As ``diagnose(_:)``, of an indexed look.
public func diagnose(_ view: NodeView) -> Diagnosis {
    var report = Report()
    let rules: [any Rule] = [
        MisdirectedRule(), DisclosureRule(), StaleEntryRule(), UnseenRule(), CrossWiredRule(), FullRule(),
        CoverageRule(), UnexplainedRule(),
    ]
    for rule in rules { rule.evaluate(view, &report) }
    report.findings.sort { one, other in
        one.severity == other.severity ? one.code.rank < other.code.rank : one.severity > other.severity
    }
    let remedies = Remedies(view)
    for index in report.findings.indices {
        report.findings[index].remedies = remedies.remedies(for: report.findings[index])
    }
    return Diagnosis(
        findings: report.findings, suspects: report.suspects, unsettled: report.unsettled, unknown: report.unknown,
        totals: .init(
            sockets: view.now.sockets.count, sockmaps: view.now.sockmaps.count,
            entries: view.entries.count + view.walked.count),
        checked: .init(
            connections: view.countConnections(), causes: Set(rules.flatMap(\.codes).filter(\.isCause)).count,
            samples: view.earlier.count + 1, seconds: view.now.monotonic - (view.earlier.first ?? view.now).monotonic,
            maps: view.now.selectedMaps))
}

/// The sockets whose owners a reader will want to know: those that findings and suspects are about.
public func socketsThatMatter(_ view: NodeView, _ diagnosis: Diagnosis) -> [KernelSocket] {
    var identities = Set(diagnosis.suspects.map(\.resident))
    for finding in diagnosis.findings {
        identities.formUnion(finding.subject.sockets)
        identities.formUnion(finding.subject.entries.map(\.resident))
    }
    guard !identities.isEmpty else { return [] }
    var matter: [KernelSocket] = []
    func consider(_ socket: KernelSocket) {
        if identities.remove(socket.identity) != nil { matter.append(socket) }
    }
    for entry in view.entries { consider(entry.entry.resident) }
    for socket in view.now.sockets { consider(socket.socket) }
    return matter
}

extension Finding.Code {
    /// What hurts most comes first.
    var rank: Int {
        switch self {
        case .misdirected: 0
        case .disclosure: 1
        case .unexplained: 2
        case .zombie: 3
        case .leaked: 4
        case .unseen: 5
        case .crossWired: 6
        case .full: 7
        case .closedUnread: 8
        }
    }
}
