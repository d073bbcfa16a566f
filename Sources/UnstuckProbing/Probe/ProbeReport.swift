import UnstuckFormats
import UnstuckModel

/// An outcome for a person to read.
public struct ProbeReport: Sendable {
    public var outcome: ProbeOutcome
    /// Terminal colours.
    public var isColoured: Bool

    public init(_ outcome: ProbeOutcome, isColoured: Bool = false) {
        self.outcome = outcome
        self.isColoured = isColoured
    }

    /// One line for what passed; for a failure kubelet's line, how far the probe came, and what that means.
    public var text: String {
        switch outcome.verdict {
        case .success: return "\(mark("✓", 32)) \(result) in \(Self.time(outcome.timing.total))  \(path)\(milestones)"
        case .warning:
            let place = outcome.redirects.last.map { " to \(GoQuoting.quote($0)), which kubelet does not follow" } ?? ""
            return "\(mark("!", 33)) \(result) in \(Self.time(outcome.timing.total))  \(path)\(milestones)\n"
                + "  passes with a warning: a redirect\(place)"
        case .failure, .errored:
            var lines = ["\(mark("✗", 31)) \(kubeletsLine)", "  \(path)\(milestones)"]
            lines.append("  \(meaning)")
            if outcome.verdict == .errored {
                lines.append("  kubelet throws this result away: neither a success nor a failure")
            }
            if outcome.attempts > 1 { lines.append("  the same in \(outcome.attempts) attempts") }
            if let next { lines.append("  → \(next)") }
            return lines.joined(separator: "\n")
        }
    }

    /// As kubelet logs it.
    private var kubeletsLine: String {
        let words = GoQuoting.quote(outcome.output)
        return outcome.verdict == .errored
            ? "\(KubeletMessages.errored) err=\(words)"
            : "\(KubeletMessages.failed) probeResult=\"failure\" output=\(words)"
    }

    /// One line, without an explanation.
    public var line: String {
        outcome.passed
            ? text
            : "\(mark("✗", 31)) \(outcome.status.map { "status \($0)" } ?? outcome.cause?.rawValue ?? "failed")"
                + "\(outcome.stoppedIn.map { " (\($0.rawValue))" } ?? "")  \(path)\(milestones)"
    }

    private var result: String { outcome.status.map(String.init) ?? "connected" }

    private var path: String {
        let place = outcome.namespace.map { " from netns \(GoQuoting.quote($0))" } ?? ""
        return "\(outcome.source.map { "\($0)" } ?? "(no source)") -> \(outcome.destination)\(place)"
    }

    private var milestones: String {
        var parts: [String] = []
        if let connect = outcome.timing.connect { parts.append("connect \(Self.time(connect))") }
        if let firstByte = outcome.timing.firstByte { parts.append("first byte \(Self.time(firstByte))") }
        if !outcome.passed, outcome.cause != .status {
            parts.append("gave up after \(Self.time(outcome.timing.total))")
        }
        return parts.isEmpty || (outcome.kind == .tcp && outcome.passed) ? "" : " (\(parts.joined(separator: ", ")))"
    }

    /// What the failure says about the connection, and what it does not.
    public var meaning: String {
        let port = outcome.destination.port
        return switch (outcome.cause, outcome.stoppedIn) {
        case (.status, _): "HTTP error returned; TCP is healthy"
        case (.redirect, _): "a redirect that leads nowhere was returned; TCP is healthy"
        case (.timeout, .connecting):
            "no answer to the handshake: nothing lives at that address, something on the way drops packets, or the "
                + "listener's queue is full"
        case (.timeout, .sending): "connected, but the request could not be sent: the server's end takes no bytes"
        case (.timeout, .awaitingHeaders):
            "connected, request sent (\(outcome.requestBytes) bytes), nothing came back: the handshake works, the "
                + "request does not"
        case (.timeout, .readingHeaders), (.timeout, .readingBody):
            "connected, an answer began (\(outcome.responseBytes) bytes) and never ended: slow rather than stuck"
        case (.refused, .connecting): "the host answered: nothing listens on port \(port) there, or a policy rejects it"
        case (.unreachable, _): "no route to host: see ip route get and ip neigh"
        case (.closed, .awaitingHeaders): "connected, request sent, and the server closed without an answer"
        case (.closed, _): "the server closed in the middle of its answer (\(outcome.responseBytes) bytes)"
        case (.reset, _): "connected, then reset: the server, or something on the way, tore the connection down"
        case (.malformed, _):
            outcome.foreignProtocol.map { "port \(port) speaks \($0.words)" }
                ?? "what answers on port \(port) does not speak HTTP/1.x"
        default: "the kernel refused"
        }
    }

    /// The signature of a stuck connection has a command of its own.
    private var next: String? {
        guard outcome.cause == .timeout, outcome.stoppedIn == .awaitingHeaders else { return nil }
        return
            "unstuck diagnose   shows why: stopped, not reading, lost, misdirected; best run while a probe hangs"
    }

    private func mark(_ symbol: String, _ colour: Int) -> String {
        isColoured ? "\u{1B}[\(colour)m\(symbol)\u{1B}[0m" : symbol
    }

    /// `0.1 ms`, `999.8 ms`, `1.25 s`.
    public static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        let tenths = Int((seconds * 10_000).rounded())
        if tenths < 10_000 { return "\(tenths / 10).\(tenths % 10) ms" }
        let hundredths = Int((seconds * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
    }
}

extension ProbeOutcome {
    /// What the port speaks in place of HTTP/1, where its first bytes show it.
    fileprivate var foreignProtocol: ForeignProtocol? { ForeignProtocol(inOutput: output) }
}
