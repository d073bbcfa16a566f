import ArgumentParser
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckProbing
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

    @Option(help: ArgumentHelp("Judge saved looks instead of this node.", valueName: "file"))
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
        var verified: Verification?
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
            let verification = Verification(of: forecast, count: verify, timeout: timeout, root: node.nodeRoot)
            report.verified = verification
            if output.output == .text { try writeOutput(verification.text) }
        }
        if output.output == .json { try writeOutput(JSON.document(report, command: "sockmaps.forecast")) }
        if forecast.routes.contains(where: { $0.probability > 0 }) { throw Exit.findings }
        if !forecast.unknown.isEmpty { throw Exit.couldNotTell }
    }
}

/// Poisoned ports, really tried.
private struct Verification: Encodable {
    struct Trial: Encodable {
        var client: Endpoint
        var server: Endpoint
        /// `hung`, `answered`, or what stood in the way.
        var outcome: String
    }
    var trials: [Trial] = []
    var hung: Int { trials.count { $0.outcome == "hung" } }
    var answered: Int { trials.count { $0.outcome == "answered" } }

    private enum CodingKeys: String, CodingKey { case trials }

    init(of forecast: Forecast, count: Int, timeout: Double, root: NodeRoot) {
        let finder = NamespaceFinder(root: root)
        let all = forecast.routes.flatMap { route in route.poisonedPorts.map { (route, $0) } }
        // Spread over all of them, so that each pair of client and server has its share.
        let step = max(1, all.count / count)
        for (route, port) in stride(from: 0, to: all.count, by: step).prefix(count).map({ all[$0] }) {
            let client = Endpoint(route.client, port)
            var options = HTTPProbe.Options()
            options.timeout = timeout
            options.attempts = 1
            options.vantage.sourceAddress = route.client
            options.vantage.sourcePort = port
            options.vantage.namespace = route.clientNamespaces.first.flatMap(finder.path)
            let outcome =
                route.clientNamespaces.count > 1
                ? "not tried: \(route.client) is an address in \(route.clientNamespaces.count) network namespaces"
                : Self.attempt(route.server, options)
            trials.append(Trial(client: client, server: route.server, outcome: outcome))
            printProgress("tried \(trials.count) of \(min(count, all.count)) poisoned ports")
        }
    }

    private static func attempt(_ server: Endpoint, _ options: HTTPProbe.Options) -> String {
        do {
            let outcome = try HTTPProbe(ProbeURL("\(server)"), options: options).run()
            if outcome.responseBytes > 0 { return "answered" }
            return outcome.cause == .timeout && outcome.stoppedIn == .awaitingHeaders ? "hung" : outcome.output
        } catch {
            return "not tried: \(error)"
        }
    }

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
