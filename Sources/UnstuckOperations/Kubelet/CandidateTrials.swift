import Synchronization
import UnstuckKernel
import UnstuckModel
import UnstuckProbing

/// Probes of candidates, made anew. Those without an answer in time stay open, so that a diagnosis can look at them.
public struct CandidateTrials {
    /// Requests to one target, at most; the first that hangs is the last.
    public static let requests = 10
    /// Targets that are probed.
    public static let targets = 20
    /// Seconds for which a probe that hangs is kept open, unless this process ends before.
    private static let patience = 600.0

    public private(set) var trials: [CandidateTrial] = []
    private var held: [Held] = []

    /// - Parameters:
    ///   - groups: of a log; each target of a candidate is probed once.
    ///   - timeout: seconds after which a probe counts as one that hangs.
    ///   - progress: called before each target.
    public init(of groups: [ProbeFailureGroup], timeout: Double, progress: (String) -> Void) {
        var seen = Set<Endpoint>()
        for group in groups where group.key.suspicion == .candidate {
            guard let target = group.key.target, seen.insert(target).inserted, trials.count < Self.targets else {
                continue
            }
            var trial = CandidateTrial(target: target, url: group.example.cause.url ?? "")
            if group.key.method == .http {
                progress("probing \(target) …")
                probe(&trial, timeout)
            } else {
                trial.output = "not tried: by plain HTTP only"
            }
            trials.append(trial)
        }
    }

    /// Looks once more at those that had no answer: a late one is slow, not stuck.
    public mutating func settle() {
        for probe in held {
            guard let outcome = try? probe.outcome?.get() else { continue }
            for index in trials.indices where trials[index].target == probe.target {
                if outcome.passed {
                    trials[index].lateAfter = outcome.timing.total
                } else {
                    // A late refusal or reset is no late answer.
                    trials[index].unanswered -= 1
                    trials[index].failed += 1
                    trials[index].output = outcome.output
                }
            }
        }
    }

    private mutating func probe(_ trial: inout CandidateTrial, _ timeout: Double) {
        do {
            let url = try ProbeURL(trial.url)
            for _ in 1...Self.requests where trial.unanswered == 0 {
                let probe = try Held(url, trial.target)
                guard let outcome = try probe.wait(seconds: timeout) else {
                    trial.unanswered += 1
                    held.append(probe)
                    continue
                }
                if outcome.passed {
                    trial.passed += 1
                } else {
                    trial.failed += 1
                    trial.output = outcome.output
                }
            }
        } catch {
            trial.output = "not tried: \(error)"
        }
    }

    /// A probe on a thread of its own, which ends it, or ends with the process.
    private final class Held: Sendable {
        let target: Endpoint
        private let result: Shared

        init(_ url: ProbeURL, _ target: Endpoint) throws {
            self.target = target
            var options = HTTPProbe.Options()
            options.timeout = patience
            options.attempts = 1
            let probe = HTTPProbe(url, options: options)
            let result = Shared()
            self.result = result
            try DetachedThread.start {
                let outcome = Result { () throws(ProbeError) in try probe.run() }
                result.outcome.withLock { $0 = outcome }
            }
        }

        var outcome: Result<ProbeOutcome, ProbeError>? { result.outcome.withLock { $0 } }

        /// - Returns: `nil`: no answer so far.
        func wait(seconds: Double) throws -> ProbeOutcome? {
            _ = Deadline(seconds: seconds).wait { outcome != nil }
            return try outcome?.get()
        }
    }

    private final class Shared: Sendable {
        let outcome = Mutex<Result<ProbeOutcome, ProbeError>?>(nil)
    }
}
