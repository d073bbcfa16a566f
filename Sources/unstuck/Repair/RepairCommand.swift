import ArgumentParser
import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Plan, and with --apply carry out, the deletion of dead sockmap entries.",
        discussion: """
            Without --apply nothing is changed. With it, each entry is checked again inside the kernel just before it \
            is deleted, and looked at just after; a zombie's descriptor is held meanwhile. Entries of live sockets are \
            never touched (docs/limitations.md tells of the window that no kernel lets close). Every step is journaled \
            before and after: what a killed run left is accounted for by the next one. SIGINT, SIGTERM and SIGHUP end a \
            run between two steps.

            With --without-iterator entries are planned that no socket was seen of, in two complete snapshots; a third one \
            comes just before they are deleted, by key. It is refused (exit status 2) unless every network namespace is \
            proven to be read: run it in the host's PID namespace. What is behind the key is not seen, and the window is \
            wider.

            EXAMPLES
              unstuck repair
                  What would be done.
              unstuck repair --apply --reset-stuck --watch 30
                  Do it, end the connections that have lost bytes, and look for 30 s whether it stays clean.
              unstuck repair --apply --pod shop/web-0 --state leaked --per-minute 60
                  Only what that pod has leaked, and at most 60 entries a minute.

            EXIT STATUS
              0 nothing to do, or all done · 1 a plan that waits for --apply, or something was left · \
            2 could not tell or was refused · 64 usage
            """)

    @Flag(help: "Carry the plan out.")
    var apply = false

    @Flag(help: "Also reset connections that have lost bytes, and delete the entries of their sockets.")
    var resetStuck = false

    @Flag(help: "Also delete zombies whose queue holds unread bytes; the bytes are lost.")
    var discardUnread = false

    @Flag(help: "Also delete entries of maps whose key layout was inferred from their residents, not declared.")
    var acceptInferred = false

    @Flag(help: "Go on although more than half of a map looks dead.")
    var force = false

    @Option(help: ArgumentHelp("Most entries that one run deletes.", valueName: "count"))
    var limit = 10_000

    @Option(help: ArgumentHelp("Most deletions and resets within any minute; 0: no cap.", valueName: "count"))
    var perMinute = 6000

    @Option(help: ArgumentHelp("Afterwards keep looking, and say whether it stays clean.", valueName: "seconds"))
    var watch: Int = 0

    @Option(help: ArgumentHelp("Where each step is written down, before and after.", valueName: "file"))
    var journal = "/var/log/unstuck/journal.jsonl"

    @OptionGroup(title: "Which entries") var selection: EntryFilterOptions
    @OptionGroup var look: LookOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        // A journal that is read again must hold it all.
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit is 1 to 100000") }
        guard (0...1_000_000).contains(perMinute) else { throw ValidationError("--per-minute is 0 to 1000000") }
        guard (0...3600).contains(watch) else { throw ValidationError("--watch is 0 to 3600 seconds") }
        guard selection.state.allSatisfy({ $0.isDead || $0 == .unseen }) else {
            throw ValidationError(
                "--state is leaked, zombie or (with --without-iterator) unseen: repair deletes no other")
        }
    }

    /// One repair at a time on a node, whatever journal it writes.
    private static let lockPath = "/run/unstuck/repair.lock"

    func run() throws {
        guard apply else { return try planOnly() }
        // Taken before looking: two runs must not plan on the same entries.
        let lock: FileLock
        do {
            lock = try FileLock(path: Self.lockPath)
        } catch {
            switch error {
            case .system(let cause) where (cause.errno == EACCES || cause.errno == EPERM) && geteuid() != 0:
                printError("unstuck: --apply needs root (\(cause))")
            case .system(let cause): printError("unstuck: cannot lock: \(cause)")
            case .held: printError("unstuck: \(error)")
            }
            throw Exit.couldNotTell
        }
        try planAndApply()
        _ = consume lock
    }

    private func planOnly() throws {
        let looking = look.session(try look.observer(node), asksAboutConnections: false)
        let (plan, report) = makePlan(try looking.run())
        try show(plan, report)
        try finish(report)
        if plan.refusals.isEmpty, !plan.isEmpty, output.output == .text {
            try writeOutput("→ unstuck repair --apply  carries it out\n")
        }
        try exit(plan, report)
    }

    private func planAndApply() throws {
        let looking = look.session(try look.observer(node), asksAboutConnections: false)
        let seen = try looking.run()
        var (plan, report) = makePlan(seen)
        let journal = try openJournal()
        report.resumed = reconcileJournal(journal.unfinished, seen.view, lookedAt: looking.observer.options.maps)
        plan.cautions += journal.damage
        report.plan = plan
        try show(plan, report)
        let isRefused = !plan.refusals.isEmpty
        guard !isRefused, !plan.isEmpty else {
            if !report.resumed.isEmpty {
                // Nothing is done, but what became of earlier steps is written down.
                let result = Repairer(journal: journal, looking: looking.observer).apply(
                    Plan(), resumed: report.resumed)
                if let failure = result.failure { printError("unstuck: \(failure)") }
            }
            try finish(report)
            return try exit(plan, report)
        }
        try carryOut(plan, journal, looking, &report)
    }

    private func makePlan(_ seen: DiagnosisSession.Result) -> (Plan, RepairReport) {
        var options = PlanOptions()
        options.discardsUnread = discardUnread
        options.resetsStuck = resetStuck
        options.acceptsInferred = acceptInferred
        options.isForced = force
        options.limit = limit
        options.deletesUnseen = look.withoutIterator
        options.selection = selection.filter()
        let plan = UnstuckDiagnosis.makePlan(seen.view, seen.diagnosis, options)
        let caps = RepairReport.Caps(limit: limit, perMinute: perMinute)
        var report = RepairReport(plan: plan, caps: caps, unknown: seen.diagnosis.unknown)
        report.unmendable = seen.diagnosis.findings.count { $0.code == .crossWired || $0.hasLivingResident }
        return (plan, report)
    }

    private func show(_ plan: Plan, _ report: RepairReport) throws {
        guard output.output == .text else { return }
        try writeOutput(ResumedText(style: output.style).render(report.resumed))
        try writeOutput(PlanText(style: output.style).render(plan, isBlind: !report.unknown.isEmpty))
        if report.unmendable > 0 {
            try writeOutput(
                "! \(report.unmendable) finding\(report.unmendable == 1 ? "" : "s") that repair cannot mend: unstuck diagnose\n"
            )
        }
        for unknown in report.unknown { try writeOutput("? \(safeText(unknown))\n") }
    }

    /// Of a plan that was not carried out.
    private func exit(_ plan: Plan, _ report: RepairReport) throws {
        if !plan.refusals.isEmpty || (plan.isEmpty && !report.unknown.isEmpty) { throw Exit.couldNotTell }
        if !plan.isEmpty || !plan.undecided.isEmpty { throw Exit.findings }
    }

    private func openJournal() throws -> Journal {
        do {
            return try Journal(path: journal)
        } catch {
            printError("unstuck: nothing was changed, for the journal cannot be written: \(error)")
            throw Exit.couldNotTell
        }
    }

    private func carryOut(
        _ plan: Plan, _ journal: Journal, _ looking: DiagnosisSession, _ report: inout RepairReport
    ) throws {
        if !plan.resets.isEmpty, !MissingPrivilege.Capability.netAdmin.isPresent {
            printError("unstuck: to reset connections needs CAP_NET_ADMIN; nothing was changed")
            throw Exit.couldNotTell
        }
        let signals = SignalWaiter()
        defer { withExtendedLifetime(signals) {} }  // a second signal, too, waits until the result is printed
        let repairer = Repairer(journal: journal, looking: looking.observer, pace: RateLimiter(perMinute: perMinute)) {
            wait in
            if wait.seconds > 2 {
                printError(
                    "unstuck: \(wait.done) of \(wait.total) done; \(perMinute) a minute is the cap (--per-minute), "
                        + "going on in \(Int(wait.seconds.rounded(.up))) s")
            }
            return signals.wait(seconds: wait.seconds)
        }
        let result = repairer.apply(plan, resumed: report.resumed)
        report.add(result)
        let deleted = result.deletions.count { $0.outcome == .deleted }
        let summary =
            "\(deleted) of \(pluralized(result.deletions.count, "entry", "entries")) deleted, "
            + "\(result.resets.count { $0.failure == nil }) connections reset: the journal has each (\(self.journal))"
        try writeOutput(ofChange: summary) { try tell(result, looking, signals, &report) }
    }

    /// Says what was done, watches, and ends with the status that fits.
    private func tell(
        _ result: Repairer.Result, _ looking: DiagnosisSession, _ signals: SignalWaiter, _ report: inout RepairReport
    ) throws {
        if output.output == .text {
            try writeOutput(report.text(output.style))
            for problem in result.problemLines { try writeOutput("? \(safeText(problem))\n") }
        }
        if let failure = result.failure {
            printError("unstuck: ended early: \(MissingPrivilege.missing(behind: failure))")
            try finish(report)
            throw Exit.couldNotTell
        }
        let isWatched = watch > 0 && result.interruption == nil
        let isClean = isWatched ? try keepLooking(looking, signals, &report) : true
        try finish(report)
        if !result.problems.isEmpty { throw Exit.couldNotTell }
        if result.hasRaced || !result.isComplete || !isClean || report.interrupted != nil { throw Exit.findings }
    }

    /// Looks every second. Dead entries that come back mean that something goes on making them.
    private func keepLooking(_ looking: DiagnosisSession, _ signals: SignalWaiter, _ report: inout RepairReport) throws
        -> Bool
    {
        let once = DiagnosisSession(observer: looking.observer, interval: 0, asksAboutConnections: false)
        var looks: [Snapshot] = []
        var found = 0
        var watched = 0
        while watched < watch, found == 0 {
            report.interrupted = signals.wait(seconds: 1)
            guard report.interrupted == nil else { break }
            watched += 1
            // Kept from three seconds back: enough for a second sighting.
            looks = Array(try (looks + once.run().looks).suffix(4))
            // What repair is about: neither notes nor connections whose cause is not known.
            found = diagnose(looks).findings.count { $0.severity > .note && $0.code != .unexplained }
            printProgress("watching: \(watched) of \(watch) s, \(found) findings")
        }
        report.watch = RepairReport.Watch(seconds: watched, findings: found)
        if output.output == .text {
            try writeOutput(
                found > 0
                    ? output.style.red("✗ did not stay clean: unstuck diagnose tells what came back\n")
                    : watched < watch
                        ? output.style.yellow("! stayed clean for \(watched) s of \(watch), then told to end\n")
                        : output.style.green("✓ stayed clean for \(watch) s\n"))
        }
        return found == 0
    }

    private func finish(_ report: RepairReport) throws {
        if output.output == .json { try writeOutput(JSON.document(report, command: "repair")) }
    }
}

extension Finding {
    /// A live socket is in the way, and repair leaves those alone.
    fileprivate var hasLivingResident: Bool { code == .misdirected && !isMendable }
}
