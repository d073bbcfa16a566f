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
    public var limit = PlannedRepair.usualLimit
    /// Delete entries whose keys are read by an inferred layout too.
    public var acceptsInferred = false
    /// Which stale entries it is about; its pods' index is the look's.
    public var selection = EntryFilter()

    public init() {}

    /// Those that `options` allow.
    init(_ options: Set<RepairOption>) {
        discardsUnread = options.contains(.discardUnread)
        resetsStuck = options.contains(.resetStuck)
        isForced = options.contains(.force)
        deletesUnseen = options.contains(.withoutIterator)
        acceptsInferred = options.contains(.acceptInferred)
    }

    fileprivate var allowed: Set<RepairOption> {
        var result = Set<RepairOption>()
        if discardsUnread { result.insert(.discardUnread) }
        if resetsStuck { result.insert(.resetStuck) }
        if isForced { result.insert(.force) }
        if deletesUnseen { result.insert(.withoutIterator) }
        if acceptsInferred { result.insert(.acceptInferred) }
        return result
    }
}

/// Findings -> what to do about them. Pure: the plan is a value that a person can read before anything happens.
public func makePlan(_ view: NodeView, _ diagnosis: Diagnosis, _ options: PlanOptions = PlanOptions()) -> Plan {
    RepairSteps(view, diagnosis, options.selection).plan(options)
}

extension RepairSteps {
    /// The steps that the options allow.
    ///
    /// - Parameter maps: as with `--map`; `nil`: all of the view.
    func plan(_ options: PlanOptions, maps: Set<UInt32>? = nil) -> Plan {
        let allowed = options.allowed
        var plan = Plan(refusals: unknownPods, notSelected: notSelected)
        for step in steps {
            switch step {
            case .skip(let undecided):
                if maps?.contains(undecided.entry.map) ?? true { plan.undecided.append(undecided) }
            case .delete(let deletion):
                guard maps?.contains(deletion.planned.entry.map) ?? true else { continue }
                let missing = deletion.takes.subtracting(allowed)
                if missing.isEmpty {
                    plan.deletions.append(deletion.allowed(by: allowed))
                } else {
                    plan.undecided.append(deletion.undecided(missing))
                }
            }
        }
        // What a live connection claims hurts now: it comes first, within the limit and within the minute; what was not
        // seen comes last.
        plan.deletions =
            plan.deletions.filter { $0.claimant != nil }
            + plan.deletions.filter { $0.claimant == nil && $0.state != .unseen }
            + plan.deletions.filter { $0.claimant == nil && $0.state == .unseen }
        if let caution = Self.caution(unseen: plan.deletions.count { $0.state == .unseen }) {
            plan.cautions.append(caution)
        }
        if plan.deletions.count > options.limit {
            plan.cautions.append(
                "\(plan.deletions.count) entries could be deleted; this run takes \(options.limit) (--limit): run it again"
            )
            plan.beyondLimit = plan.deletions.count - options.limit
            plan.deletions.removeLast(plan.beyondLimit)
        }
        breakCircuit(options, &plan)
        addResets(options, &plan)
        return plan
    }

    /// More than half of a map looking dead is either a catastrophe or a mistake of ours: a person decides which.
    private func breakCircuit(_ options: PlanOptions, _ plan: inout Plan) {
        for map in Set(plan.deletions.map(\.entry.map)).sorted() {
            guard let crowd = crowded[map] else { continue }
            let words = "\(crowd.stale) of \(crowd.total) entries of \(crowd.label) look stale, more than half"
            if options.isForced {
                plan.cautions.append("\(words); forced")
            } else {
                plan.refusals.append("\(words): --force goes on all the same")
            }
        }
    }

    private func addResets(_ options: PlanOptions, _ plan: inout Plan) {
        let deleted = Set(plan.deletions.map(\.entry))
        let stuck = resets.filter { !deleted.isDisjoint(with: $0.causes) }
        guard !stuck.isEmpty else { return }
        guard options.resetsStuck else {
            let (have, them) = stuck.count == 1 ? (" has", "it") : ("s have", "them")
            plan.cautions.append(
                "\(stuck.count) connection\(have) probably lost bytes: what is sent next would arrive behind a hole; "
                    + "--reset-stuck ends \(them) cleanly")
            return
        }
        for reset in stuck where !plan.resets.contains(where: { $0.connection == reset.planned.connection.reversed }) {
            var planned = reset.planned
            planned.entries.removeAll { isInferred($0.map) && !options.acceptsInferred }
            plan.resets.append(planned)
        }
    }

    private func isInferred(_ map: UInt32) -> Bool { view.sockmaps.layouts[map]?.isInferred == true }
}

extension RepairSteps.Deletion {
    fileprivate func allowed(by options: Set<RepairOption>) -> Plan.Deletion {
        var planned = planned
        if options.contains(.discardUnread) { planned.allowUnread = true }
        return planned
    }

    fileprivate func undecided(_ missing: Set<RepairOption>) -> Plan.Undecided {
        let flags = missing.sorted().map(\.rawValue).joined(separator: " ")
        let end = missing.contains(.discardUnread) ? "deletes it and them" : "deletes it all the same"
        return Plan.Undecided(
            entry: planned.entry, mapName: planned.mapName, claim: planned.claim,
            reason: "\(reasons.joined(separator: "; ")); \(flags) \(end)")
    }
}
