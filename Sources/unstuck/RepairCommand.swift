import ArgumentParser
import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRender
import UnstuckRepair

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Plan, and with --apply carry out, the deletion of dead sockmap entries.",
        discussion: """
            Without --apply nothing is changed. With it, each entry is checked again inside the kernel just before it \
            is deleted, and looked at just after; a zombie's descriptor is held meanwhile. Entries of live sockets are \
            never touched (docs/limitations.md tells of the window that no kernel lets close). Every step is journaled before and after.

            With --without-iterator entries are planned that no socket was seen of, in two complete looks; a third one \
            comes just before they are deleted, by key. Who sat there is not seen, and the window is wider.

            EXAMPLES
              unstuck repair
                  What would be done.
              unstuck repair --apply --reset-stuck --watch 30
                  Do it, end the connections that have lost bytes, and look for 30 s whether it stays clean.

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

    @Flag(help: "Go on although more than half of a map looks dead.")
    var force = false

    @Option(help: ArgumentHelp("Most entries that one run deletes.", valueName: "count"))
    var limit = 10_000

    @Option(help: ArgumentHelp("Afterwards keep looking, and say whether it stays clean.", valueName: "seconds"))
    var watch: Int = 0

    @Option(help: ArgumentHelp("Where each step is written down, before and after.", valueName: "file"))
    var journal = "/var/log/unstuck/journal.jsonl"

    @OptionGroup var look: LookOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is at least 1") }
        guard (0...3600).contains(watch) else { throw ValidationError("--watch is 0 to 3600 seconds") }
    }

    /// One repair at a time on a node, whatever journal it writes.
    private static let lockPath = "/run/unstuck/repair.lock"

    func run() throws {
        guard apply else { return try planAndApply() }
        // Taken before looking: two runs must not plan on the same entries.
        let lock: RepairLock
        do {
            lock = try RepairLock(path: Self.lockPath)
        } catch {
            printError(
                error.errno == EWOULDBLOCK
                    ? "unstuck: another repair is running on this node"
                    : error.errno == EACCES || error.errno == EPERM
                        ? "unstuck: --apply needs root (\(error))" : "unstuck: cannot lock: \(error)")
            throw Exit.couldNotTell
        }
        try planAndApply()
        _ = consume lock
    }

    private func planAndApply() throws {
        let looking = Looking(observer: look.observer(node), interval: look.interval)
        let seen = try looking.run()
        var options = PlanOptions()
        options.discardsUnread = discardUnread
        options.resetsStuck = resetStuck
        options.isForced = force
        options.limit = limit
        options.deletesUnseen = look.withoutIterator
        let plan = makePlan(seen.view, seen.diagnosis, options)
        var report = RepairReport(plan: plan, unknown: seen.diagnosis.unknown)
        let written = apply ? try openJournal() : nil
        if output.output == .text {
            writeOutput(PlanText(style: output.style).render(plan, isBlind: !seen.diagnosis.unknown.isEmpty))
            let others = seen.diagnosis.findings.count { $0.code == .crossWired || $0.hasLivingResident }
            if others > 0 {
                writeOutput("! \(others) finding\(others == 1 ? "" : "s") that repair cannot mend: unstuck diagnose\n")
            }
            for unknown in seen.diagnosis.unknown { writeOutput("? \(safeText(unknown))\n") }
        }
        guard apply, plan.refusals.isEmpty, !plan.isEmpty else {
            try finish(report)
            if !plan.refusals.isEmpty || (plan.isEmpty && !seen.diagnosis.unknown.isEmpty) { throw Exit.couldNotTell }
            if !plan.isEmpty, output.output == .text { writeOutput("→ unstuck repair --apply  carries it out\n") }
            if !plan.isEmpty || !plan.undecided.isEmpty { throw Exit.findings }
            return
        }
        if let written { try carryOut(plan, written, looking, &report) }
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
        _ plan: Plan, _ written: Journal, _ looking: Looking, _ report: inout RepairReport
    ) throws {
        if !plan.resets.isEmpty, !Requirement.Capability.netAdmin.isPresent {
            printError("unstuck: to reset connections needs CAP_NET_ADMIN; nothing was changed")
            throw Exit.couldNotTell
        }
        let result = Repairer(journal: written, looking: looking.observer).apply(plan)
        report.take(result)
        if output.output == .text { writeOutput(report.text(output.style)) }
        if let failure = result.failure {
            printError("unstuck: ended early: \(Requirement.missing(behind: failure))")
            try finish(report)
            throw Exit.couldNotTell
        }
        let isClean = watch > 0 ? try keepLooking(looking, &report) : true
        try finish(report)
        if result.hasRaced || !result.isComplete || !isClean { throw Exit.findings }
    }

    /// Looks every second. Dead entries that come back mean that something goes on making them.
    private func keepLooking(_ looking: Looking, _ report: inout RepairReport) throws -> Bool {
        let once = Looking(observer: looking.observer, interval: 0)
        var looks: [Snapshot] = []
        var found = 0
        for second in 1...watch {
            sleep(1)
            // Kept from three seconds back: enough for a second sighting.
            looks = Array(try (looks + once.run().looks).suffix(4))
            found = diagnose(looks).findings.count
            printProgress("watching: \(second) of \(watch) s, \(found) findings")
            if found > 0 { break }
        }
        report.watch = RepairReport.Watch(seconds: watch, findings: found)
        if output.output == .text {
            writeOutput(
                found == 0
                    ? output.style.green("✓ stayed clean for \(watch) s\n")
                    : output.style.red("✗ did not stay clean: unstuck diagnose tells what came back\n"))
        }
        return found == 0
    }

    private func finish(_ report: RepairReport) throws {
        if output.output == .json { writeOutput(try JSON.document(report, command: "repair")) }
    }
}

/// The plan and what came of it, for machines and people.
struct RepairReport: Encodable {
    struct Step: Encodable {
        var map: UInt32
        var key: SockmapKey
        var claim: FourTuple
        var outcome: String
        var detail: String
    }
    struct Reset: Encodable {
        var connection: FourTuple
        var failure: String?
    }
    struct Watch: Encodable {
        var seconds: Int
        var findings: Int
    }

    var plan: Plan
    var unknown: [String]
    var applied = false
    var deletions: [Step] = []
    var resets: [Reset] = []
    var watch: Watch?

    init(plan: Plan, unknown: [String]) {
        self.plan = plan
        self.unknown = unknown
    }

    mutating func take(_ result: Repairer.Result) {
        applied = true
        deletions = result.deletions.map {
            Step(
                map: $0.planned.entry.map, key: $0.planned.entry.key, claim: $0.planned.claim,
                outcome: $0.outcome.word, detail: $0.outcome.explanation)
        }
        resets = result.resets.map { Reset(connection: $0.planned.connection, failure: $0.failure) }
    }

    func text(_ style: Style) -> String {
        var lines: [String] = []
        let deleted = deletions.count { $0.outcome == "deleted" }
        lines.append(
            (deleted == deletions.count ? style.green("✓") : style.yellow("!"))
                + " deleted \(deleted) of \(deletions.count) dead entr\(deletions.count == 1 ? "y" : "ies")")
        for reset in resets {
            lines.append(
                reset.failure.map { style.red("✗ reset of \(reset.connection): \(safeText($0))") }
                    ?? style.green("✓ reset \(reset.connection) and deleted its own entries"))
        }
        for step in deletions.filter({ $0.outcome != "deleted" }).prefix(20) {
            lines.append(style.yellow("! \(step.claim): \(safeText(step.detail))"))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Finding {
    /// A live socket is in the way, and repair leaves those alone.
    fileprivate var hasLivingResident: Bool { code == .misdirected && !isMendable }
}
