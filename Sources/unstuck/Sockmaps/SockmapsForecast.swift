import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender

struct SockmapsForecast: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast", abstract: "How likely the next connection is to hang, and when the maps will be full.",
        discussion: """
            Looks twice. For every client address and server: the dead keys that claim one of the client's ports, among the \
            ports that connect(2) chooses from. With --verify some of the poisoned ports are really tried, each with one HTTP \
            request as kubelet sends it; a request that hangs stays unread in the dead socket's queue, which then protects its \
            entry from `unstuck repair` without --discard-unread.

            EXAMPLES
              unstuck sockmaps forecast
                  What to expect.
              unstuck sockmaps forecast --from node-a.json
                  The same of saved looks.
              unstuck sockmaps forecast --verify 10 --timeout 0.5
                  And ten of the poisoned ports tried.

            EXIT STATUS
              0 nothing to fear · 1 connections will hang · 2 could not tell · 64 usage
            """)

    @Option(help: ArgumentHelp("Judge saved looks instead of this node.", valueName: "file"), completion: .file())
    var from: [String] = []
    @Option(help: ArgumentHelp("Try so many of the poisoned ports.", valueName: "count"))
    var verify = 0
    @Option(help: ArgumentHelp("How long a tried request may take.", valueName: "seconds"))
    var timeout = 1.0
    @OptionGroup var look: LookOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0...10_000).contains(verify) else { throw ValidationError("--verify takes a count, at most 10000") }
        guard timeout > 0, timeout <= 60 else { throw ValidationError("--timeout takes seconds, at most 60") }
        guard from.isEmpty || verify == 0 else {
            throw ValidationError("--verify tries ports of this node: it does not go with --from")
        }
    }

    private struct Report: Encodable {
        var forecast: Forecast
        var verified: ForecastVerification?
    }

    func run() throws {
        let looks: [Snapshot]
        if from.isEmpty {
            var options = try look.options(node)
            options.readsLocalPorts = true
            looks = try look.session(NodeObserver(options)).run(always: true).looks
        } else {
            looks = try BundleFile.snapshots(in: from)
        }
        let forecast = makeForecast(looks)
        var report = Report(forecast: forecast)
        if output.output == .text { try writeOutput(ForecastText(style: output.style).render(forecast)) }
        if verify > 0 {
            let verification = ForecastVerification(
                of: forecast, count: verify, timeout: timeout, root: node.nodeRoot
            ) { tried, all in printProgress("tried \(tried) of \(all) poisoned ports") }
            report.verified = verification
            if output.output == .text { try writeOutput(verification.text) }
        }
        if output.output == .json { try writeOutput(JSON.document(report, command: "sockmaps.forecast")) }
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
            lines.append("  \(trial.client) ─► \(trial.server): \(safeText(trial.outcome))")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
