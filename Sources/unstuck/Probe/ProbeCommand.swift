import ArgumentParser
import UnstuckKernel
import UnstuckModel
import UnstuckProbing
import UnstuckRepair

/// `unstuck probe`: what kubelet would see, from a place and a port of one's choosing.
struct ProbeCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Probe a server as kubelet does, and say where it stopped.",
        discussion: """
            A GET on a new connection, redirects within the host followed, status 200 to 399 passes. A failure is \
            reported in kubelet's own words, with the phase in which it stopped. An answer that breaks off in its body is \
            "Probe errored": kubelet throws it away, neither success nor failure. IP addresses only; no TLS.

            EXAMPLES
              unstuck probe http://203.0.113.10:8080/healthz
                  Does the readiness probe of this pod pass?
              unstuck probe 203.0.113.10:8080/healthz --source-port 50504
                  One that hung, from the same port again.
              unstuck probe 203.0.113.10:8080 --tcp --netns pod-b --repeat 1000 --interval 10ms
                  The handshake alone, from another network namespace; at most a line a second. Ctrl-C prints the summary.

            EXIT STATUS
              0 passed
              1 failed, or errored
              2 could not try (what is missing is named)
              64 usage
            """)

    @Argument(help: "http://IP[:PORT][/PATH], IP:PORT or [IPv6]:PORT.")
    var target: String

    @Flag(help: "Dial and close, without a request, like kubelet's TCP probe.")
    var tcp = false

    @Option(
        help: "Network namespace to start from: a name below /run/netns, a path, or a process id.",
        completion: .namespaces)
    var netns: String?

    @Option(help: "Local port; one that an earlier probe left in TIME_WAIT can be used again.")
    var sourcePort: UInt16?

    @Option(help: "Local address.")
    var sourceAddress: String?

    @Option(help: ArgumentHelp("Time for the whole exchange: 1s, 500ms.", valueName: "time"))
    var timeout: DurationArgument = 1

    @Option(help: "'Name: value', repeatable. 'Host: …' changes the Host header, 'Accept:' removes it.")
    var header: [String] = []

    @Option(name: .customLong("repeat"), help: "How often to probe.")
    var repeats = 1

    @Option(
        help: ArgumentHelp("Time from the end of one probe to the start of the next: 1s, 200ms.", valueName: "time"))
    var interval: DurationArgument = 1

    @Flag(name: .shortAndLong, help: "Only the summary.")
    var quiet = false

    @OptionGroup var output: OutputOptions

    /// What the options ask for; every mistake of the caller's is found here.
    private enum Probe {
        case http(HTTPProbe)
        case tcp(TCPProbe)

        func run() throws(ProbeError) -> ProbeOutcome {
            switch self {
            case .http(let probe): try probe.run()
            case .tcp(let probe): try probe.run()
            }
        }
    }

    func validate() throws { _ = try probe() }

    func run(_ context: CommandContext) throws {
        let probe = try probe()
        let series = ProbeSeries(
            .init(
                isJSON: output.output == .json, isQuiet: quiet, total: repeats), context)
        // One probe alone is ended by a signal as any program is.
        let signals = repeats > 1 ? SignalWaiter() : nil
        defer { withExtendedLifetime(signals) {} }
        if signals != nil { try DetachedThread.start { try? series.endOnSignals() } }
        for count in 1...repeats {
            if count > 1 { context.sleep(interval.seconds) }
            let outcome: ProbeOutcome
            do {
                outcome = try probe.run()
            } catch {
                if error.code == .usage { throw ValidationError(error.description) }
                // What was found before still counts for something: print it, then say why there is no more.
                try series.finish(error: error)
                context.printError("unstuck probe: could not try: \(error)")
                throw series.hasPassed ? Exit.couldNotTell : Exit.findings
            }
            try series.add(outcome)
        }
        try series.finish()
        if !series.hasPassed { throw Exit.findings }
    }

    private func probe() throws -> Probe {
        guard timeout.seconds > 0, timeout.seconds <= 3600 else {
            throw ValidationError("--timeout is more than 0s, and at most 1h.")
        }
        guard (1...1_000_000).contains(repeats) else { throw ValidationError("--repeat takes a count of at least 1.") }
        guard interval.seconds <= 86_400 else { throw ValidationError("--interval is at most 24h.") }
        guard sourcePort != 0 else { throw ValidationError("--source-port takes a port from 1 to 65535.") }
        guard netns != "" else { throw ValidationError("--netns takes a name, a path or a process id.") }
        var vantage = Vantage(namespace: netns, sourcePort: sourcePort)
        if let sourceAddress {
            guard let address = IPAddress(sourceAddress) else {
                throw ValidationError("--source-address: \(sourceAddress) is not an IP address.")
            }
            vantage.sourceAddress = address
        }
        do {
            let url = try ProbeURL(target)
            if let source = vantage.sourceAddress, source.isV4 != url.endpoint.address.isV4 {
                throw ValidationError("--source-address \(source) and \(url.endpoint) are of different families.")
            }
            guard !tcp else {
                guard header.isEmpty else { throw ValidationError("--tcp sends nothing, so --header means nothing.") }
                return .tcp(TCPProbe(url.endpoint, from: vantage, timeout: timeout.seconds))
            }
            var options = HTTPProbe.Options()
            options.vantage = vantage
            options.timeout = timeout.seconds
            options.headers = try header.map { try HTTPHeader(parsing: $0) }
            return .http(HTTPProbe(url, options: options))
        } catch let error as ProbeError {
            throw ValidationError(error.description)
        }
    }
}
