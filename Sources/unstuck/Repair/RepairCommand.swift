import ArgumentParser
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct RepairCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Plan, and with --apply carry out, the deletion of stale sockmap entries.",
        discussion: """
            Without --apply nothing is changed. With it, each entry is checked again inside the kernel just before it \
            is deleted, and verified afterwards; a zombie's descriptor is held meanwhile. Entries of live sockets are \
            never touched (docs/limitations.md describes the race window that remains). Every step is journaled \
            before and after: the next run reports what a killed one left. SIGINT, SIGTERM and SIGHUP end a \
            run between two steps.

            With --without-iterator entries without a socket are planned, in two complete snapshots; a third one \
            comes just before they are deleted, by key. It is refused (exit status 2) unless every network namespace is \
            proven to be read: run it in the host's PID namespace. What is behind the key is not seen, and the window is \
            wider.

            EXAMPLES
              unstuck repair
                  Dry run: nothing is changed.
              unstuck repair --apply --reset-stuck --watch 30s
                  Do it, reset the connections that have lost bytes, and watch for 30 s whether new faults appear.
              unstuck repair --apply --pod shop/web-0 --state leaked --per-minute 60
                  Only what that pod has leaked, and at most 60 entries a minute.

            EXIT STATUS
              0 nothing to do, or all done
              1 a plan that was not applied, or something was left: entries skipped or beyond --limit, or findings that \
            repair cannot fix
              2 inconclusive or refused
              64 usage
            """)

    @Flag(help: "Carry the plan out. Without it: a dry run.")
    var apply = false

    @Flag(help: "Also reset connections that have lost bytes, and delete the entries of their sockets.")
    var resetStuck = false

    @Flag(help: "Also delete zombies whose queue holds unread bytes; the bytes are lost.")
    var discardUnread = false

    @Flag(help: "Also delete entries of maps whose key layout was inferred from their sockets, not declared.")
    var acceptInferred = false

    @Flag(help: "Go on although more than half of a map looks stale.")
    var force = false

    @Option(help: ArgumentHelp("Most entries that one run deletes.", valueName: "count"))
    var limit = 10_000

    @Option(help: ArgumentHelp("Most deletions and resets within any minute; 0: no limit.", valueName: "count"))
    var perMinute = 6000

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Afterwards sample on for this time, and report new faults: 30s, 5m.", valueName: "time"))
    var watch: DurationArgument = 0

    @Option(help: ArgumentHelp("Where each step is logged, before and after.", valueName: "file"), completion: .file())
    var journal = "/var/log/unstuck/journal.jsonl"

    @Flag(name: .shortAndLong, help: "List every entry of the plan.")
    var verbose = false

    @OptionGroup(title: "Which entries") var selection: EntryFilterOptions
    @OptionGroup var look: SamplingOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        // A journal that is read again must hold it all.
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit is 1 to 100000") }
        guard (0...1_000_000).contains(perMinute) else { throw ValidationError("--per-minute is 0 to 1000000") }
        guard watch.seconds <= 3600 else { throw ValidationError("--watch is 0 to 1h") }
        guard apply || watch.seconds == 0 else {
            throw ValidationError("--watch watches what a repair has changed: add --apply")
        }
        guard selection.state.allSatisfy({ $0.isDead || $0 == .unseen }) else {
            throw ValidationError(
                "--state is leaked, zombie or (with --without-iterator) unseen: repair deletes no other")
        }
    }

    func run(_ context: CommandContext) throws {
        if apply { try planAndApply(context) } else { try planOnly(context) }
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

    private func session(_ context: CommandContext) throws -> DiagnosisSession {
        look.session(try look.observer(node, context), context, asksAboutConnections: false)
    }

    private func planOnly(_ context: CommandContext) throws {
        let report = try RepairRun.plan(session(context), options)
        try show(report, context)
        try finish(report, context)
        if report.isApplicable, output.output == .text {
            try context.writeText("dry run: nothing was changed; --apply carries it out\n")
        }
        try end(report.conclusion)
    }

    private func planAndApply(_ context: CommandContext) throws {
        var run: RepairRun
        do {
            run = try RepairRun(options) { try session(context) }
        } catch let error as OperationError where error.code == .needsRoot {
            context.printError("unstuck: --apply needs root" + (error.cause.map { " (\($0))" } ?? ""))
            throw Exit.couldNotTell
        }
        try show(run.report, context)
        guard run.report.isApplicable else {
            // Nothing is done, but what became of earlier steps is written down.
            if let failure = run.recordResumed() { context.printError("unstuck: \(failure)") }
            if run.report.plan.refusals.isEmpty {
                let signals = SignalWaiter()
                defer { withExtendedLifetime(signals) {} }
                try watch(&run, environment(signals, context), context)
            }
            try finish(run.report, context)
            return try end(run.report.conclusion)
        }
        try carryOut(&run, context)
    }

    private func show(_ report: RepairReport, _ context: CommandContext) throws {
        guard output.output == .text else { return }
        try context.writeText(ResumedText(style: context.style).render(report.resumed))
        try context.writeText(
            PlanText(style: context.style, isVerbose: verbose).render(
                report.plan, isBlind: !report.unknown.isEmpty, unfixable: report.unrepairable))
        if report.unrepairable > 0 {
            try write(
                "!", "\(pluralized(report.unrepairable, "finding")) that repair cannot fix: see unstuck diagnose",
                context)
        }
        for unknown in report.unknown { try write("?", safeText(unknown), context) }
    }

    private func write(_ mark: String, _ text: String, _ context: CommandContext) throws {
        try context.writeText(context.style.marked(mark, text).map { $0 + "\n" }.joined())
    }

    private func carryOut(_ run: inout RepairRun, _ context: CommandContext) throws {
        let signals = SignalWaiter()
        defer { withExtendedLifetime(signals) {} }  // a second signal, too, waits until the result is printed
        let environment = environment(signals, context)
        let result = try run.apply(environment)
        let deleted = result.deletions.count { $0.outcome == .deleted }
        let summary =
            "\(deleted) of \(pluralized(result.deletions.count, "entry", "entries")) deleted, "
            + "\(result.resets.count { $0.failure == nil }) connections reset: the journal has each (\(journal))"
        try context.write(ofChange: summary) { try tell(result, &run, environment, context) }
    }

    private func environment(_ signals: SignalWaiter, _ context: CommandContext) -> RepairRun.Environment {
        RepairRun.Environment(wait: signals.wait(seconds:)) { progress in
            switch progress {
            case .rateLimited(let wait, let perMinute):
                context.printError(
                    "unstuck: \(wait.done) of \(wait.total) done; rate limit (\(perMinute)/min) reached; "
                        + "resuming in \(Int(wait.seconds.rounded(.up))) s")
            case .watching(let watch, let seconds):
                if !look.quiet {
                    context.printProgress("watching: \(watch.seconds) of \(seconds) s, \(watch.findings) findings")
                }
            }
        }
    }

    /// Says what was done, watches, and ends with the status that fits.
    private func tell(
        _ result: Repairer.Result, _ run: inout RepairRun, _ environment: RepairRun.Environment,
        _ context: CommandContext
    ) throws {
        if output.output == .text {
            try context.writeText(run.report.text(context.style))
            for problem in result.problemLines { try write("?", safeText(problem), context) }
        }
        if let failure = result.failure {
            context.printError("unstuck: ended early: \(MissingPrivilege.reason(behind: failure))")
        } else if result.interruption == nil {
            try watch(&run, environment, context)
        }
        try finish(run.report, context)
        try end(run.report.conclusion(of: result))
    }

    private func watch(
        _ run: inout RepairRun, _ environment: RepairRun.Environment, _ context: CommandContext
    ) throws {
        guard watch.seconds > 0 else { return }
        let seconds = Int(watch.seconds.rounded(.up))
        let watched = try run.watch(seconds: seconds, environment)
        guard output.output == .text else { return }
        try context.writeText(
            watched.findings > 0
                ? context.style.red("✗ new faults while watching: see unstuck diagnose\n")
                : watched.seconds < seconds
                    ? context.style.yellow("! no new fault in \(watched.seconds) s of \(seconds) s: interrupted\n")
                    : context.style.green("✓ no new fault in \(seconds) s\n"))
    }

    private func finish(_ report: RepairReport, _ context: CommandContext) throws {
        if output.output == .json { try context.write(JSON.document(report, command: "repair", version: 2)) }
    }
}
