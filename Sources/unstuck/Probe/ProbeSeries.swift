import Glibc
import Synchronization
import UnstuckKernel
import UnstuckModel
import UnstuckProbing
import UnstuckRepair

/// The outcomes of one command's probes, and how they are printed: at most a line a second, then a summary, also after
/// SIGINT and the like.
final class ProbeSeries: Sendable {
    /// How outcomes are printed.
    struct Printing: Sendable {
        var isJSON = false
        /// The summary alone.
        var isQuiet = false
        /// How many probes were asked for.
        var total = 1
    }

    fileprivate struct State {
        var outcomes: [ProbeOutcome] = []
        /// Passed since the last line.
        var skipped = 0
        var lastLine: ContinuousClock.Instant?
        /// Failures that were explained: cause and phase.
        var explained: Set<String> = []
        var isOver = false
    }

    private let printing: Printing
    private let context: CommandContext
    private let state = Mutex(State())

    init(_ printing: Printing, _ context: CommandContext) {
        self.printing = printing
        self.context = context
    }

    /// Keeps an outcome and prints it, unless there was a line less than a second ago.
    func add(_ outcome: ProbeOutcome) throws {
        try state.withLock { state in
            state.outcomes.append(outcome)
            guard !printing.isJSON, !printing.isQuiet else { return }
            let isLast = state.outcomes.count == printing.total
            if let last = state.lastLine, ContinuousClock.now - last < .seconds(1), !isLast,
                outcome.passed || state.isKnown(outcome)
            {
                state.skipped += 1
                return
            }
            if state.skipped > 0 { try context.writeText("  … \(state.skipped) more\n") }
            state.skipped = 0
            state.lastLine = .now
            let isKnown = state.isKnown(outcome)
            state.explained.insert(State.kind(outcome))
            let report = ProbeReport(outcome, isColoured: context.isColoured)
            // Kubelet's own line stays whole; what explains it is broken at words.
            let lines = (isKnown ? report.line : report.text).split(separator: "\n").flatMap { line in
                line.hasPrefix("  ") ? context.style.paragraph(String(line), margin: 2) : [String(line)]
            }
            try context.writeText(lines.map { $0 + "\n" }.joined())
        }
    }

    /// The document, or the summary of a series.
    ///
    /// - Parameter error: why there are fewer than were asked for.
    func finish(error: ProbeError? = nil) throws {
        try state.withLock { state in
            state.isOver = true
            try printEnd(of: state, error: error)
        }
    }

    /// Every probe so far has passed.
    var hasPassed: Bool { state.withLock { $0.outcomes.allSatisfy(\.passed) } }

    /// On SIGINT, SIGTERM or SIGHUP prints the summary of what there is, and ends the process. The caller has blocked them.
    func endOnSignals() throws {
        let signals = SignalWaiter()
        while signals.wait(seconds: 3600) == nil {}
        try state.withLock { state in
            guard !state.isOver else { return }
            state.isOver = true
            try printEnd(of: state, error: nil)
            try StandardOutput.finish()
            Glibc.exit(
                state.outcomes.isEmpty
                    ? Exit.couldNotTell.rawValue : state.outcomes.allSatisfy(\.passed) ? 0 : Exit.findings.rawValue)
        }
    }

    private func printEnd(of state: State, error: ProbeError?) throws {
        if printing.isJSON { return try context.write(ProbeDocument(state.outcomes, error: error).json()) }
        guard printing.total > 1 || printing.isQuiet, !state.outcomes.isEmpty else { return }
        if state.skipped > 0 { try context.writeText("  … \(state.skipped) more\n") }
        let passed = state.outcomes.filter(\.passed)
        let left = printing.total - state.outcomes.count
        var text = "\(passed.count) of \(state.outcomes.count) passed"
        let errored = state.outcomes.count { $0.verdict == .errored }
        if errored > 0 { text += ", \(errored) errored" }
        if left > 0 { text += ", \(left) not tried" }
        let times = passed.map(\.timing.total).sorted()
        if let least = times.first, let most = times.last, times.count > 1 {
            text +=
                "; min/median/max \([least, times[times.count / 2], most].map(ProbeReport.time).joined(separator: " / "))"
        }
        try context.writeText(text + "\n")
    }
}

extension ProbeSeries.State {
    fileprivate static func kind(_ outcome: ProbeOutcome) -> String {
        "\(outcome.verdict.rawValue) \(outcome.cause?.rawValue ?? "") \(outcome.stoppedIn?.rawValue ?? "")"
    }

    /// A failure of its kind was explained before.
    fileprivate func isKnown(_ outcome: ProbeOutcome) -> Bool { explained.contains(Self.kind(outcome)) }
}
