import ArgumentParser
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

    @Option(
        help: ArgumentHelp("Where each step is written down, before and after.", valueName: "file"), completion: .file()
    )
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

    func run() throws {
        if apply { try planAndApply() } else { try planOnly() }
    }

    private var options: RepairRun.Options {
        var options = RepairRun.Options()
        options.plan.discardsUnread = discardUnread
        options.plan.resetsStuck = resetStuck
        options.plan.acceptsInferred = acceptInferred
        options.plan.isForced = force
        options.plan.limit = limit
        options.plan.deletesUnseen = look.withoutIterator
        options.plan.selection = selection.filter()
        options.perMinute = perMinute
        options.journal = journal
        return options
    }

    private func session() throws -> DiagnosisSession {
        look.session(try look.observer(node), asksAboutConnections: false)
    }

    private func planOnly() throws {
        let report = try RepairRun.plan(session(), options)
        try show(report)
        try finish(report)
        if report.isApplicable, output.output == .text {
            try writeOutput("→ unstuck repair --apply  carries it out\n")
        }
        try end(report.conclusion)
    }

    private func planAndApply() throws {
        var run: RepairRun
        do {
            run = try RepairRun(options, session)
        } catch let error as OperationError where error.code == .needsRoot {
            printError("unstuck: --apply needs root" + (error.cause.map { " (\($0))" } ?? ""))
            throw Exit.couldNotTell
        }
        try show(run.report)
        guard run.report.isApplicable else {
            // Nothing is done, but what became of earlier steps is written down.
            if let failure = run.recordResumed() { printError("unstuck: \(failure)") }
            try finish(run.report)
            return try end(run.report.conclusion)
        }
        try carryOut(&run)
    }

    private func show(_ report: RepairReport) throws {
        guard output.output == .text else { return }
        try writeOutput(ResumedText(style: output.style).render(report.resumed))
        try writeOutput(PlanText(style: output.style).render(report.plan, isBlind: !report.unknown.isEmpty))
        if report.unmendable > 0 {
            try writeOutput(
                "! \(report.unmendable) finding\(report.unmendable == 1 ? "" : "s") that repair cannot mend: unstuck diagnose\n"
            )
        }
        for unknown in report.unknown { try writeOutput("? \(safeText(unknown))\n") }
    }

    private func carryOut(_ run: inout RepairRun) throws {
        let signals = SignalWaiter()
        defer { withExtendedLifetime(signals) {} }  // a second signal, too, waits until the result is printed
        let environment = RepairRun.Environment(wait: signals.wait(seconds:)) { progress in
            switch progress {
            case .rateLimited(let wait, let perMinute):
                printError(
                    "unstuck: \(wait.done) of \(wait.total) done; \(perMinute) a minute is the cap (--per-minute), "
                        + "going on in \(Int(wait.seconds.rounded(.up))) s")
            case .watching(let watch, let seconds):
                printProgress("watching: \(watch.seconds) of \(seconds) s, \(watch.findings) findings")
            }
        }
        let result = try run.apply(environment)
        let deleted = result.deletions.count { $0.outcome == .deleted }
        let summary =
            "\(deleted) of \(pluralized(result.deletions.count, "entry", "entries")) deleted, "
            + "\(result.resets.count { $0.failure == nil }) connections reset: the journal has each (\(journal))"
        try writeOutput(ofChange: summary) { try tell(result, &run, environment) }
    }

    /// Says what was done, watches, and ends with the status that fits.
    private func tell(
        _ result: Repairer.Result, _ run: inout RepairRun, _ environment: RepairRun.Environment
    ) throws {
        if output.output == .text {
            try writeOutput(run.report.text(output.style))
            for problem in result.problemLines { try writeOutput("? \(safeText(problem))\n") }
        }
        if let failure = result.failure {
            printError("unstuck: ended early: \(MissingPrivilege.missing(behind: failure))")
        } else if watch > 0, result.interruption == nil {
            try tell(try run.watch(seconds: watch, environment))
        }
        try finish(run.report)
        try end(run.report.conclusion(of: result))
    }

    private func tell(_ watched: RepairReport.Watch) throws {
        guard output.output == .text else { return }
        try writeOutput(
            watched.findings > 0
                ? output.style.red("✗ did not stay clean: unstuck diagnose tells what came back\n")
                : watched.seconds < watch
                    ? output.style.yellow("! stayed clean for \(watched.seconds) s of \(watch), then told to end\n")
                    : output.style.green("✓ stayed clean for \(watch) s\n"))
    }

    private func finish(_ report: RepairReport) throws {
        if output.output == .json { try writeOutput(JSON.document(report, command: "repair")) }
    }
}
