import UnstuckModel

/// What a repair could do about the stale entries of a view, each step with the options that it takes.
///
/// The plan of a run is what its options allow; a remedy names the options that the steps of a finding take. Both come from
/// here, so that no remedy asks for less, or promises more, than the plan.
struct RepairSteps {
    struct Deletion {
        var planned: Plan.Deletion
        var takes: Set<RepairOption> = []
        /// Why it takes each of them.
        var reasons: [String] = []
    }

    enum Step {
        case delete(Deletion)
        /// Skipped whatever the options are.
        case skip(Plan.Undecided)
    }

    struct Reset {
        var planned: Plan.Reset
        /// The entries that divert it: it is reset where one of them is deleted.
        var causes: [EntryReference]
    }

    private(set) var steps: [Step] = []
    private(set) var resets: [Reset] = []
    /// Stale entries that the selection leaves out.
    private(set) var notSelected = 0
    private(set) var unknownPods: [String] = []
    /// Maps of which more than half looks stale.
    let crowded: [UInt32: Crowd]

    struct Crowd {
        var stale: Int
        var total: Int
        var label: String
    }

    let view: NodeView

    init(_ view: NodeView, _ diagnosis: Diagnosis, _ selection: EntryFilter = EntryFilter()) {
        self.view = view
        crowded = Self.crowded(view)
        var selection = selection
        selection.index = view.pods
        add(diagnosis, selection)
        unknownPods = Self.unknown(selection.pods, view)
        // Last: who sits there is out of sight.
        addUnseen(diagnosis, selection)
        addResets(diagnosis)
    }

    private mutating func add(_ diagnosis: Diagnosis, _ selection: EntryFilter) {
        let suspects = Set(diagnosis.suspects)
        let proven = Set(
            diagnosis.findings.filter { $0.code == .leaked || $0.code == .zombie }.flatMap(\.subject.entries))
        let receivers = Self.misdirectedReceivers(diagnosis)
        for entry in view.sockmaps.entries where entry.looksStale {
            if !selection.takes(entry.entry, entry.claim, entry.state) {
                notSelected += 1
            } else if entry.state == .undecodable {
                steps.append(.skip(Plan.Undecided(entry, "its key's layout is not known")))
            } else if suspects.contains(entry.reference) {
                steps.append(
                    .skip(Plan.Undecided(entry, "seen dead once; a second sample some seconds later decides")))
            } else if proven.contains(entry.reference) {
                steps.append(step(entry, receiver: receivers[entry.reference]))
            }
        }
    }

    /// Who should have received what a stale entry diverts: the receivers of misdirected connections, by entry.
    private static func misdirectedReceivers(_ diagnosis: Diagnosis) -> [EntryReference: SocketIdentity] {
        var result: [EntryReference: SocketIdentity] = [:]
        for finding in diagnosis.findings where finding.code == .misdirected {
            guard let receiver = finding.subject.sockets.last else { continue }
            for entry in finding.subject.entries { result[entry] = receiver }
        }
        return result
    }

    /// One stale entry: deleted, with what that takes, or skipped.
    private func step(_ entry: NodeView.ClassifiedEntry, receiver: SocketIdentity?) -> Step {
        guard let claim = entry.claim, entry.map.kind == .sockhash else {
            return .skip(Plan.Undecided(entry, "only entries of a SOCKHASH are deleted"))
        }
        let socket = entry.entry.socket
        let claimant = receiver ?? view.claimant(of: entry)?.socket.identity
        let holder = view.owners(of: socket).first
        if socket.hasSocket, holder == nil {
            return .skip(
                Plan.Undecided(
                    entry, "the process that holds the zombie was not found, so its socket cannot be held still"))
        }
        let unread = socket.psock?.queuedBytes ?? 0
        let reason =
            switch socket.liveness {
            case .leaked: "orphaned and closed: no process can ever close or read it"
            case .queuedDead: "reset in the accept queue"
            default: "closed, and held open by \(holder.map(Label.descriptor) ?? "a process")"
            }
        var deletion = Deletion(
            planned: Plan.Deletion(
                entry: entry.reference, mapName: entry.map.name, state: entry.state, claim: claim,
                pod: view.pod(of: entry), holder: holder, unreadBytes: unread, allowUnread: true,
                claimant: claimant,
                reason: claimant == nil ? reason : reason + "; a live connection claims its tuple"))
        if view.sockmaps.layouts[entry.map.id]?.isInferred == true {
            deletion.takes.insert(.acceptInferred)
            deletion.reasons.append("its key's layout was inferred, not declared")
        }
        // A live connection that hangs outweighs bytes that are, at best, partly those of another connection. Where nobody claims the
        // tuple, unread bytes protect the entry: deleting it would drop them. One that was reset in the accept queue can
        // still be accepted, and read; a leaked socket's bytes nobody can read.
        let isReadable = socket.liveness != .leaked
        if isReadable, claimant == nil {
            // Bytes may arrive until it is deleted: the kernel checks again, by what may be lost.
            deletion.planned.allowUnread = false
            if unread > 0 {
                deletion.takes.insert(.discardUnread)
                deletion.reasons.append("\(unread) unread bytes in its queue")
            }
        }
        return .delete(deletion)
    }

    /// A pod's name that was mistyped must not look like a pod without stale entries.
    private static func unknown(_ wanted: Set<String>, _ view: NodeView) -> [String] {
        let unknown = wanted.filter { !view.pods.knows($0) }.sorted()
        guard !unknown.isEmpty else { return [] }
        let counts = Dictionary(grouping: view.sockmaps.entries.filter(\.looksStale).compactMap { view.pod(of: $0) }) {
            $0
        }.mapValues(\.count).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let names = counts.prefix(20).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
        let more = counts.count > 20 ? " and \(counts.count - 20) more" : ""
        return unknown.map {
            "no pod \($0) on this node; "
                + (counts.isEmpty ? "no pod has stale entries" : "pods with stale entries: \(names)\(more)")
        }
    }

    private static func crowded(_ view: NodeView) -> [UInt32: Crowd] {
        var result: [UInt32: Crowd] = [:]
        for map in view.now.sockmaps {
            let states = view.sockmaps.states(in: map.id)
            let stale = states.count { $0.isDead || $0 == .unseen }
            if stale * 2 > states.count {
                result[map.id] = Crowd(stale: stale, total: states.count, label: Label.map(map))
            }
        }
        return result
    }

    /// Connections that have lost bytes to an entry that can be deleted.
    private mutating func addResets(_ diagnosis: Diagnosis) {
        let deletable = Set(deletions.map(\.planned.entry))
        for finding in diagnosis.findings where finding.code == .misdirected && finding.subject.stage == .stuck {
            let causes = finding.subject.entries.filter(deletable.contains)
            guard !causes.isEmpty, let connection = finding.subject.connection else { continue }
            let ends = finding.subject.sockets.compactMap { view.socket($0)?.socket }.map {
                Plan.Reset.End(socket: $0.identity, tuple: $0.tuple, netns: $0.netns, inode: $0.inode)
            }
            // Only what repair may delete at all: a decodable entry of a SOCKHASH.
            let own = view.sockmaps.entries.filter { entry in
                entry.map.kind == .sockhash && entry.claim != nil
                    && ends.contains { $0.socket.mayBe(entry.entry.socket.identity) }
            }
            resets.append(
                Reset(
                    planned: Plan.Reset(connection: connection, ends: ends, entries: own.map(\.reference)),
                    causes: causes))
        }
    }

    var deletions: [Deletion] {
        steps.compactMap { step in
            if case .delete(let deletion) = step { deletion } else { nil }
        }
    }

    /// Adds a step; for ``addUnseen(_:_:)``.
    mutating func add(_ step: Step) { steps.append(step) }
    mutating func leaveOut() { notSelected += 1 }
}

extension Plan.Undecided {
    fileprivate init(_ entry: NodeView.ClassifiedEntry, _ reason: String) {
        self.init(entry: entry.reference, mapName: entry.map.name, claim: entry.claim, reason: reason)
    }
}

extension NodeView.ClassifiedEntry {
    /// Stale, or of an unknown layout and by the socket behind it alone stale.
    fileprivate var looksStale: Bool {
        state.isDead || state == .undecodable && entry.socket.liveness.isDead
    }
}
