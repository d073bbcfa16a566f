import ArgumentParser
import FoundationEssentials
import Glibc
import UnstuckModel
import UnstuckProbing

/// `unstuck probe`: what kubelet would see, from a place and a port of one's choosing.
struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Probe a server as kubelet does, and say where it stopped.",
        discussion: """
            A GET on a new connection, redirects within the host followed, status 200 to 399 passes. A failure is told \
            in kubelet's own words, with the phase in which it stopped. IP addresses only; no TLS.

            EXAMPLES
              unstuck probe http://203.0.113.10:8080/healthz
                  Does the readiness probe of this pod pass?
              unstuck probe 203.0.113.10:8080/healthz --source-port 50504
                  One that hung, from the same port again.
              unstuck probe 203.0.113.10:8080 --tcp --netns pod-b --repeat 10
                  The handshake alone, ten times, from another network namespace.

            EXIT STATUS
              0 passed · 1 failed · 2 could not try (what is missing is named) · 64 usage
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

    @Option(help: "Seconds for the whole exchange.")
    var timeout = 1.0

    @Option(help: "'Name: value', repeatable. 'Host: …' changes the Host header, 'Accept:' removes it.")
    var header: [String] = []

    @Option(name: .customLong("repeat"), help: "How often to probe.")
    var repeats = 1

    @Option(help: "Seconds from the end of one probe to the start of the next.")
    var interval = 1.0

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

    func run() throws {
        let probe = try probe()
        var outcomes: [ProbeOutcome] = []
        for count in 1...repeats {
            if count > 1 { Self.sleep(interval) }
            let outcome: ProbeOutcome
            do {
                outcome = try probe.run()
            } catch {
                if error.code == .usage { throw ValidationError(error.description) }
                // What was found before still counts for something: print it, then say why there is no more.
                if output.output == .json { try writeOutput(ProbeDocument(outcomes, error: error).json()) }
                printError("unstuck probe: could not try: \(error)")
                throw ExitCode(outcomes.allSatisfy(\.passed) ? 2 : 1)
            }
            outcomes.append(outcome)
            if output.output == .text {
                try writeOutput(ProbeReport(outcome, isColoured: output.isColoured).text + "\n")
            }
        }
        let failed = outcomes.count { !$0.passed }
        if output.output == .json {
            try writeOutput(ProbeDocument(outcomes).json())
        } else if repeats > 1 {
            try writeOutput("\(repeats - failed) of \(repeats) passed\n")
        }
        if failed > 0 { throw ExitCode(1) }
    }

    private func probe() throws -> Probe {
        guard timeout.isFinite, timeout > 0, timeout <= 3600 else {
            throw ValidationError("--timeout takes seconds: more than 0, at most 3600.")
        }
        guard (1...1_000_000).contains(repeats) else { throw ValidationError("--repeat takes a count of at least 1.") }
        guard interval.isFinite, (0...86_400).contains(interval) else {
            throw ValidationError("--interval takes seconds, at most 86400.")
        }
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
                return .tcp(TCPProbe(url.endpoint, from: vantage, timeout: timeout))
            }
            var options = HTTPProbe.Options()
            options.vantage = vantage
            options.timeout = timeout
            options.headers = try header.map { try HTTPHeader(parsing: $0) }
            return .http(HTTPProbe(url, options: options))
        } catch let error as ProbeError {
            throw ValidationError(error.description)
        }
    }

    private static func sleep(_ seconds: Double) {
        var left = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        // Interrupted by a signal that did not end us: sleep the rest.
        repeat {
            let wanted = left
            let code = unsafe withUnsafePointer(to: wanted) { unsafe nanosleep($0, &left) }
            if code == 0 || errno != EINTR { return }
        } while true
    }
}
