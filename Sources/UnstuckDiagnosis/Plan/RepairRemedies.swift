import UnstuckModel

/// Which repairs fix a finding, found by planning them.
struct RepairRemedies {
    private let steps: RepairSteps
    private let byEntry: [EntryReference: RepairSteps.Deletion]
    /// By map: those of findings about a map as a whole.
    private let byMap: [UInt32: [RepairSteps.Deletion]]
    /// Why an entry is skipped, whatever the options.
    private let skipped: [EntryReference: String]
    private let stuck: [EntryReference: Set<FourTuple>]
    private let plans = Plans()

    /// Few maps and options come together in many findings: one plan each.
    private final class Plans {
        var known: [Key: PlanIndex] = [:]
        struct Key: Hashable {
            var maps: Set<UInt32>
            var options: Set<RepairOption>
        }
    }

    init(_ view: NodeView, _ diagnosis: Diagnosis) {
        steps = RepairSteps(view, diagnosis)
        byEntry = Dictionary(steps.deletions.map { ($0.planned.entry, $0) }) { first, _ in first }
        byMap = Dictionary(grouping: steps.deletions, by: \.planned.entry.map)
        var skipped: [EntryReference: String] = [:]
        for case .skip(let undecided) in steps.steps { skipped[undecided.entry] = undecided.reason }
        self.skipped = skipped
        var stuck: [EntryReference: Set<FourTuple>] = [:]
        for reset in steps.resets {
            for entry in reset.causes { stuck[entry, default: []].insert(reset.planned.connection) }
        }
        self.stuck = stuck
    }

    /// The nearest first: that which loses no bytes, then, where entries need it, that which discards them.
    func remedies(for finding: Finding) -> [Remedy] {
        let deletions =
            finding.subject.entries.isEmpty
            ? finding.subject.map.flatMap { byMap[$0] } ?? [] : finding.subject.entries.compactMap { byEntry[$0] }
        let whole = max(finding.subject.entries.count, deletions.count)
        let careful = deletions.filter { !$0.takes.contains(.discardUnread) }
        var remedies = [remedy(finding, careful, of: whole)]
        if careful.count < deletions.count { remedies.append(remedy(finding, deletions, of: whole)) }
        return remedies.compactMap { $0 }
    }

    /// Why none of the finding's entries can be deleted; `nil`: one can, or it has none that is stale.
    func obstacle(of finding: Finding) -> String? {
        guard !finding.subject.entries.contains(where: { byEntry[$0] != nil }) else { return nil }
        return finding.subject.entries.lazy.compactMap { skipped[$0] }.first
    }

    private func remedy(_ finding: Finding, _ deletions: [RepairSteps.Deletion], of whole: Int) -> Remedy? {
        let maps = Set(deletions.map(\.planned.entry.map))
        var options = deletions.reduce(into: Set<RepairOption>()) { $0.formUnion($1.takes) }
        var resets = Set<FourTuple>()
        if finding.code == .misdirected, finding.subject.stage == .stuck, let connection = finding.subject.connection {
            resets = deletions.reduce(into: Set<FourTuple>()) { $0.formUnion(stuck[$1.planned.entry] ?? []) }
                .intersection([connection, connection.reversed])
            if !resets.isEmpty { options.insert(.resetStuck) }
        }
        if maps.contains(where: { steps.crowded[$0] != nil }) { options.insert(.force) }
        let entries = deletions.map(\.planned.entry)
        guard
            let repair = PlannedRepair(
                of: plan(maps, options), maps: maps, options: options, entries: entries, resets: resets,
                root: steps.view.now.root)
        else { return nil }
        let text = RepairText(finding, repair, deletions, whole: whole)
        return Remedy(
            repair, effect: text.effect, outcome: repair.entries.count < whole ? .reduces : .clears,
            tradeOff: text.tradeOff, needs: needs(repair, deletions))
    }

    private func plan(_ maps: Set<UInt32>, _ options: Set<RepairOption>) -> PlanIndex {
        let key = Plans.Key(maps: maps, options: options)
        if let known = plans.known[key] { return known }
        var planOptions = PlanOptions(options)
        planOptions.limit = PlannedRepair.highestLimit
        let index = PlanIndex(steps.plan(planOptions, maps: maps))
        plans.known[key] = index
        return index
    }

    private func needs(_ repair: PlannedRepair, _ deletions: [RepairSteps.Deletion]) -> [String] {
        var needs = ["root", "CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN"]
        if deletions.contains(where: { $0.planned.holder != nil }) { needs.append("CAP_SYS_PTRACE") }
        if !repair.resets.isEmpty { needs.append("CAP_NET_ADMIN") }
        return needs
    }
}

/// What a repair does for a finding, in words.
private struct RepairText {
    var effect: String
    var tradeOff: String

    init(_ finding: Finding, _ repair: PlannedRepair, _ deletions: [RepairSteps.Deletion], whole: Int) {
        let count = repair.entries.count
        let entries = pluralized(count, "stale entry", "stale entries")
        var parts = [
            whole == 1
                ? "deletes the stale entry"
                : count < whole ? "deletes \(count) of \(whole) stale entries" : "deletes \(entries)"
        ]
        if !repair.resets.isEmpty { parts[0] += " and resets this connection, which has lost bytes" }
        switch finding.code {
        case .misdirected where repair.resets.isEmpty: parts[0] += ": this connection then works"
        case .disclosure: parts[0] += ": no further byte is delivered there"
        case .full: parts[0] += " and makes room"
        default: break
        }
        if count < whole { parts.append("the rest have unread bytes, or cannot be deleted") }
        if repair.options.contains(.force) { parts.append("--force: more than half of the map is stale") }
        if repair.options.contains(.acceptInferred) {
            parts.append("--accept-inferred: the key layout was inferred, not declared")
        }
        effect = parts.joined(separator: "; ")

        let discarded = deletions.filter { $0.takes.contains(.discardUnread) }
            .reduce(UInt64(0)) { $0 + UInt64($1.planned.unreadBytes) }
        if repair.options.contains(.discardUnread) {
            tradeOff = "\(pluralized(discarded, "unread byte is", "unread bytes are")) lost"
        } else if !repair.resets.isEmpty {
            tradeOff = "this connection is reset: its misdelivered bytes stay lost"
        } else if finding.code == .disclosure {
            tradeOff = "bytes that were read stay known to their reader"
        } else if repair.options.contains(.withoutIterator) {
            tradeOff = "the socket behind the entry is not seen, and the race window is wider"
        } else {
            tradeOff = "a race window of a few instructions for each entry"
        }
    }
}
