import UnstuckModel

/// What the planner may do.
public struct PlanOptions: Sendable {
    /// Delete zombies' entries although unread bytes wait in their queue and no live connection claims the tuple.
    public var discardsUnread = false
    /// Reset connections that have lost bytes.
    public var resetsStuck = false
    /// Go on although more than half of a map looks dead.
    public var isForced = false
    /// Delete entries of walked maps that no socket was seen of.
    public var deletesUnseen = false
    /// Most entries that one run deletes.
    public var limit = 10_000
    /// Delete entries whose keys are read by an inferred layout too.
    public var acceptsInferred = false
    /// Which dead entries it is about; its pods' index is the look's.
    public var selection = EntryFilter()

    public init() {}
}

/// Findings -> what to do about them. Pure: the plan is a value that a person can read before anything happens.
public func makePlan(_ view: NodeView, _ diagnosis: Diagnosis, _ options: PlanOptions = PlanOptions()) -> Plan {
    var plan = Plan()
    let suspects = Set(diagnosis.suspects)
    let proven = Set(
        diagnosis.findings.filter { $0.code == .leaked || $0.code == .zombie }.flatMap(\.subject.entries))

    let receivers = misdirectedReceivers(diagnosis)
    var selection = options.selection
    selection.index = view.pods
    for entry in view.sockmaps.entries where entry.isDead {
        if !selection.takes(entry.entry, entry.claim, entry.state) {
            plan.notSelected += 1
        } else if entry.state == .undecodable {
            plan.undecided.append(undecided(entry, "its key's layout is not known"))
        } else if suspects.contains(entry.reference) {
            plan.undecided.append(undecided(entry, "seen dead once; a second sample some seconds later decides"))
        } else if proven.contains(entry.reference) {
            consider(entry, view, options, receiver: receivers[entry.reference], &plan)
        }
    }
    checkPods(selection.pods, view, &plan)
    // What a live connection claims hurts now: it comes first, within the limit and within the minute.
    plan.deletions = plan.deletions.filter { $0.claimant != nil } + plan.deletions.filter { $0.claimant == nil }
    // Last: who sits there is out of sight.
    planUnseen(view, diagnosis, options, selection, &plan)
    if plan.deletions.count > options.limit {
        plan.cautions.append(
            "\(plan.deletions.count) entries could be deleted; this run takes \(options.limit) (--limit): run it again")
        plan.beyondLimit = plan.deletions.count - options.limit
        plan.deletions.removeLast(plan.beyondLimit)
    }
    breakCircuit(view, options, &plan)
    addResets(view, diagnosis, options, &plan)
    return plan
}

private func undecided(_ entry: NodeView.ClassifiedEntry, _ reason: String) -> Plan.Undecided {
    Plan.Undecided(entry: entry.reference, mapName: entry.map.name, claim: entry.claim, reason: reason)
}

/// A pod's name that was mistyped must not look like a pod without dead entries.
private func checkPods(_ wanted: Set<String>, _ view: NodeView, _ plan: inout Plan) {
    let unknown = wanted.filter { !view.pods.knows($0) }.sorted()
    guard !unknown.isEmpty else { return }
    let counts = Dictionary(grouping: view.sockmaps.entries.filter(\.isDead).compactMap { view.pod(of: $0) }) { $0 }
        .mapValues(\.count).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let names = counts.prefix(20).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
    let more = counts.count > 20 ? " and \(counts.count - 20) more" : ""
    plan.refusals += unknown.map {
        "no pod \($0) on this node; "
            + (counts.isEmpty ? "no pod has stale entries" : "pods with stale entries: \(names)\(more)")
    }
}

/// Who should have received what a dead entry diverts: the receivers of misdirected connections, by entry.
private func misdirectedReceivers(_ diagnosis: Diagnosis) -> [EntryReference: SocketIdentity] {
    var result: [EntryReference: SocketIdentity] = [:]
    for finding in diagnosis.findings where finding.code == .misdirected {
        guard let receiver = finding.subject.sockets.last else { continue }
        for entry in finding.subject.entries { result[entry] = receiver }
    }
    return result
}

/// One dead entry: delete it, or say why not.
private func consider(
    _ entry: NodeView.ClassifiedEntry, _ view: NodeView, _ options: PlanOptions, receiver: SocketIdentity?,
    _ plan: inout Plan
) {
    guard let claim = entry.claim, entry.map.kind == .sockhash else {
        plan.undecided.append(undecided(entry, "only entries of a SOCKHASH are deleted"))
        return
    }
    guard options.mayRead(entry.map, view) else {
        plan.undecided.append(
            undecided(entry, "its key's layout was inferred, not declared; --accept-inferred deletes it all the same"))
        return
    }
    let resident = entry.entry.resident
    let claimant = receiver ?? view.claimant(of: entry)?.socket.identity
    let holder = view.owners(of: resident).first
    let unread = resident.psock?.queuedBytes ?? 0
    // One that was reset in the accept queue can still be accepted, and read.
    let isReadable = resident.residentState != .leaked
    if resident.hasSocket, holder == nil {
        plan.undecided.append(
            undecided(entry, "the process that holds the zombie was not found, so its socket cannot be held still"))
        return
    }
    // A live connection that hangs outweighs bytes that are, at best, partly somebody else's. Where nobody claims the
    // tuple, unread bytes protect the entry: deleting it would drop them. A leaked socket's bytes nobody can read.
    let allowsUnread = claimant != nil || !isReadable || options.discardsUnread
    if unread > 0, !allowsUnread {
        plan.undecided.append(
            undecided(entry, "\(unread) unread bytes in its queue; --discard-unread deletes it and them"))
        return
    }
    let reason =
        switch resident.residentState {
        case .leaked: "orphaned and closed: no process can ever close or read it"
        case .queuedDead: "reset in the accept queue"
        default: "closed, and held open by \(holder.map(Label.descriptor) ?? "a process")"
        }
    plan.deletions.append(
        Plan.Deletion(
            entry: entry.reference, mapName: entry.map.name, state: entry.state, claim: claim,
            pod: view.pod(of: entry), holder: holder, unreadBytes: unread, allowUnread: allowsUnread,
            claimant: claimant,
            reason: claimant == nil ? reason : reason + "; a live connection claims its tuple"))
}

/// More than half of a map looking dead is either a catastrophe or a mistake of ours: a person decides which.
private func breakCircuit(_ view: NodeView, _ options: PlanOptions, _ plan: inout Plan) {
    for map in view.now.sockmaps where plan.deletions.contains(where: { $0.entry.map == map.id }) {
        let states = view.sockmaps.states(in: map.id)
        let dead = states.count { $0.isDead || $0 == .unseen }
        guard dead * 2 > states.count else { continue }
        let words = "\(dead) of \(states.count) entries of \(Label.map(map)) look stale, more than half"
        if options.isForced {
            plan.cautions.append("\(words); forced")
        } else {
            plan.refusals.append("\(words): --force goes on all the same")
        }
    }
}

private func addResets(_ view: NodeView, _ diagnosis: Diagnosis, _ options: PlanOptions, _ plan: inout Plan) {
    let stuck = diagnosis.findings.filter { finding in
        finding.code == .misdirected && finding.subject.stage == .stuck
            && finding.subject.entries.contains { reference in plan.deletions.contains { $0.entry == reference } }
    }
    guard !stuck.isEmpty else { return }
    guard options.resetsStuck else {
        plan.cautions.append(
            "\(stuck.count) connection\(stuck.count == 1 ? " has" : "s have") probably lost bytes: what is sent next would "
                + "arrive behind a hole; --reset-stuck ends \(stuck.count == 1 ? "it" : "them") cleanly")
        return
    }
    for finding in stuck {
        guard let connection = finding.subject.connection else { continue }
        let ends = finding.subject.sockets.compactMap { view.socket($0)?.socket }.map {
            Plan.Reset.End(socket: $0.identity, tuple: $0.tuple, netns: $0.netns, inode: $0.inode)
        }
        // Only what repair may delete at all: a decodable entry of a SOCKHASH.
        let own = view.sockmaps.entries.filter { entry in
            entry.map.kind == .sockhash && entry.claim != nil && options.mayRead(entry.map, view)
                && ends.contains { $0.socket.mayBe(entry.entry.resident.identity) }
        }
        guard !plan.resets.contains(where: { $0.connection == connection.reversed }) else { continue }
        plan.resets.append(Plan.Reset(connection: connection, ends: ends, entries: own.map(\.reference)))
    }
}

extension NodeView.ClassifiedEntry {
    /// Dead, or of an unknown layout and by its resident alone dead.
    fileprivate var isDead: Bool { state.isDead || state == .undecodable && entry.resident.residentState.isDead }
}

extension PlanOptions {
    /// Whether a map's keys are read by a layout that deletions may rely on.
    fileprivate func mayRead(_ map: Sockmap, _ view: NodeView) -> Bool {
        acceptsInferred || view.sockmaps.layouts[map.id]?.isInferred != true
    }
}
