import UnstuckFormats
import UnstuckKernel
import UnstuckModel

/// kubelet's TCP probe: dial and close; not one byte is sent. It passes where only requests get lost, which is why it
/// is worth having beside the HTTP probe.
public struct TCPProbe: Sendable {
    public var target: Endpoint
    public var vantage: Vantage
    /// Seconds.
    public var timeout: Double

    public init(_ target: Endpoint, from vantage: Vantage = Vantage(), timeout: Double = 1) {
        self.target = target
        self.vantage = vantage
        self.timeout = timeout
    }

    /// - Throws: `ProbeError` where it could not be tried at all.
    public func run() throws(ProbeError) -> ProbeOutcome {
        try vantage.run { () throws(ProbeError) in try dial() }
    }

    private func dial() throws(ProbeError) -> ProbeOutcome {
        var outcome = ProbeOutcome(
            kind: .tcp, target: "\(target)", destination: target, vantage: vantage, timeout: timeout)
        let start = SystemClock.monotonic.nanoseconds
        let socket = try ProbeSocket.open(to: target, from: vantage)
        do {
            try socket.connect(from: vantage, until: Deadline(seconds: timeout)) {
                outcome.source = $0 ?? outcome.source
            }
            // Taken before the socket is closed: lingering is no part of what was measured.
            outcome.timing.total = SystemClock.monotonic.seconds(since: start)
            outcome.timing.connect = outcome.timing.total
        } catch {
            outcome.timing.total = SystemClock.monotonic.seconds(since: start)
            outcome.verdict = .failure
            outcome.stoppedIn = .connecting
            switch error {
            case .timedOut:
                outcome.cause = .timeout
                outcome.output = KubeletMessages.dialTimeout(target)
            case .refused(let call, let errno):
                outcome.cause = ProbeOutcome.Cause(errno: errno)
                outcome.output = KubeletMessages.dialRefused(target, call: call, errno: errno)
            case .local(let error):
                throw error
            }
        }
        return outcome
    }
}
