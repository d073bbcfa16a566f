import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct SockmapsForecast: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast", abstract: "How likely the next connection is to hang, and when the maps will be full.",
        discussion: """
            Samples twice. For every client address and server: the stale keys that claim one of the client's ports, among the \
            ports that connect(2) chooses from. With --verify some of the poisoned ports are really tried, each with one HTTP \
            request as kubelet sends it; a request that hangs stays unread in the dead socket's queue, which then protects its \
            entry from `unstuck repair` without --discard-unread.

            EXAMPLES
              unstuck sockmaps forecast
                  What to expect.
              unstuck sockmaps forecast --from node-a.json
                  The same of saved snapshots.
              unstuck sockmaps forecast --verify 10 --timeout 500ms
                  And ten of the poisoned ports tried.

            EXIT STATUS
              0 no risk found
              1 new connections can hang
              2 inconclusive
              64 usage
            """)

    @Option(
        help: ArgumentHelp("Evaluate saved snapshots instead of this node; - is stdin.", valueName: "file"),
        completion: .file())
    var from: [String] = []
    @Option(help: ArgumentHelp("Try so many of the poisoned ports.", valueName: "count"))
    var verify = 0
    @Option(help: ArgumentHelp("How long a tried request may take: 500ms, 2s.", valueName: "time"))
    var timeout: DurationArgument = 1
    @OptionGroup var look: SamplingOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0...10_000).contains(verify) else { throw ValidationError("--verify takes a count, at most 10000") }
        guard timeout.seconds > 0, timeout.seconds <= 60 else { throw ValidationError("--timeout is 1ms to 60s") }
        guard from.count(where: { $0 == BundleFile.standardInput }) <= 1 else {
            throw ValidationError("stdin can be read once: --from - stands there several times")
        }
        guard from.isEmpty || verify == 0 else {
            throw ValidationError("--verify tries ports of this node: it does not go with --from")
        }
    }

    private struct Report: Encodable {
        var forecast: Forecast
        var verified: ForecastVerification?
    }

    func run(_ context: CommandContext) throws {
        let looks: [Snapshot]
        if from.isEmpty {
            var options = try look.options(node, context)
            options.readsLocalPorts = true
            looks = try look.session(NodeObserver(options), context).run(always: true).looks
        } else {
            looks = try BundleFile.snapshots(in: from, for: "forecast")
        }
        let forecast = makeForecast(looks)
        var report = Report(forecast: forecast)
        if output.output == .text { try context.writeText(ForecastText(style: context.style).render(forecast)) }
        if verify > 0 {
            let verification = ForecastVerification(
                of: forecast, count: verify, timeout: timeout.seconds, root: node.nodeRoot(context)
            ) { tried, all in context.printProgress("tried \(tried) of \(all) poisoned ports") }
            report.verified = verification
            if output.output == .text { try context.writeText(verification.text) }
        }
        if output.output == .json { try context.write(JSON.document(report, command: "sockmaps.forecast", version: 2)) }
        if forecast.routes.contains(where: { $0.probability > 0 }) { throw Exit.findings }
        if !forecast.unknown.isEmpty { throw Exit.couldNotTell }
    }
}

extension ForecastVerification {
    var text: String {
        var lines = [
            "tried \(trials.count) poisoned port\(trials.count == 1 ? "" : "s"): \(hung) hung, \(answered) answered"
        ]
        for trial in trials where !["hung", "answered"].contains(trial.outcome) {
            lines.append("  \(trial.client) -> \(trial.server): \(safeText(trial.outcome))")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
