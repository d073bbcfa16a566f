import Glibc
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRepair

extension OperationError.Code {
    /// Only root may do that; the cause is a `SystemError`.
    public static let needsRoot = Self(rawValue: "needs-root")
    /// Another run holds the lock, or it cannot be taken; the cause is a `FileLock.Failure`.
    public static let locked = Self(rawValue: "locked")
    /// The journal cannot be read or written: nothing was changed.
    public static let noJournal = Self(rawValue: "no-journal")
    /// A capability is missing: nothing was changed.
    public static let missingCapability = Self(rawValue: "missing-capability")
}

/// One repair of a node: sampled, planned, carried out and watched, each when the caller asks for it. One at a time on a
/// node, whatever journal it writes.
public struct RepairRun: ~Copyable {
    public struct Options: Sendable {
        public var plan = PlanOptions()
        /// Most deletions and resets within any minute; 0: no cap.
        public var perMinute = 6000
        /// Where each step is written, before and after.
        public var journal = "/var/log/unstuck/journal.jsonl"
        public var lock = "/run/unstuck/repair.lock"
        public init() {}
    }

    /// What a run asks of its caller.
    public struct Environment {
        /// Waits so many seconds, 0 just to be asked; what interrupted the run ("SIGTERM"), or `nil`.
        public var wait: (Double) -> String?
        /// Called before a wait, for a person who waits.
        public var progress: (RepairProgress) -> Void

        public init(wait: @escaping (Double) -> String?, progress: @escaping (RepairProgress) -> Void = { _ in }) {
            self.wait = wait
            self.progress = progress
        }
    }

    private let options: Options
    private let session: DiagnosisSession
    private let lock: FileLock
    private let journal: Journal
    /// The plan and, later, what came of it.
    public private(set) var report: RepairReport

    /// A dry run: nothing is locked, written or changed.
    public static func plan(_ session: DiagnosisSession, _ options: Options) throws(OperationError) -> RepairReport {
        plan(try session.run(), options)
    }

    /// Takes the lock, samples the node, plans, and finds what became of the steps of killed runs.
    ///
    /// - Parameter session: made when the lock is held: two runs must not plan on the same entries.
    public init(_ options: Options, _ session: () throws -> DiagnosisSession) throws {
        let lock = try Self.lock(options.lock)
        let session = try session()
        let seen = try session.run()
        var report = Self.plan(seen, options)
        let journal = try Self.journal(options.journal)
        report.resumed = reconcileJournal(journal.unfinished, seen.view, lookedAt: session.observer.options.maps)
        report.plan.cautions += journal.damage
        self.options = options
        self.session = session
        self.lock = lock
        self.journal = journal
        self.report = report
    }

    private static func journal(_ path: String) throws(OperationError) -> Journal {
        do {
            return try Journal(path: path)
        } catch {
            throw OperationError(
                .noJournal, "nothing was changed, for the journal cannot be written: \(error)", cause: error)
        }
    }

    private static func lock(_ path: String) throws(OperationError) -> FileLock {
        do throws(FileLock.Failure) {
            return try FileLock(path: path)
        } catch {
            switch error {
            case .system(let cause) where (cause.errno == EACCES || cause.errno == EPERM) && geteuid() != 0:
                throw OperationError(.needsRoot, "a repair needs root (\(cause))", cause: cause)
            case .system(let cause): throw OperationError(.locked, "cannot lock: \(cause)", cause: error)
            case .held: throw OperationError(.locked, "\(error)", cause: error)
            }
        }
    }

    private static func plan(_ seen: DiagnosisSession.Result, _ options: Options) -> RepairReport {
        let plan = makePlan(seen.view, seen.diagnosis, options.plan)
        let caps = RepairReport.Caps(limit: options.plan.limit, perMinute: options.perMinute)
        var report = RepairReport(
            plan: plan, caps: caps, unknown: seen.diagnosis.unknown,
            suspects: seen.looks.count > 1 ? Set(seen.diagnosis.suspects) : [])
        report.unrepairable = seen.diagnosis.findings.count { $0.hasLiveSocketInTheWay }
        return report
    }

    /// Of a plan that is not carried out: writes what became of earlier steps.
    ///
    /// - Returns: why it could not be written.
    public func recordResumed() -> (any Error)? {
        guard !report.resumed.isEmpty else { return nil }
        return Repairer(journal: journal, looking: session.observer).apply(Plan(), resumed: report.resumed).failure
    }

    /// Carries the plan out as far as it goes; what was done is in the result, however it ended.
    public mutating func apply(_ environment: Environment) throws(OperationError) -> Repairer.Result {
        if !report.plan.resets.isEmpty, !Capability.netAdmin.isPresent {
            throw OperationError(
                .missingCapability, "to reset connections needs CAP_NET_ADMIN; nothing was changed")
        }
        let perMinute = options.perMinute
        let repairer = Repairer(
            journal: journal, looking: session.observer, pace: RateLimiter(perMinute: perMinute)
        ) { wait in
            if wait.seconds > 2 { environment.progress(.rateLimited(wait, perMinute: perMinute)) }
            return environment.wait(wait.seconds)
        }
        let result = repairer.apply(report.plan, resumed: report.resumed)
        report.add(result)
        return result
    }

    /// Samples every second. Stale entries that come back mean that something goes on making them.
    ///
    /// - Returns: what was found; the report has it, too.
    public mutating func watch(seconds: Int, _ environment: Environment) throws(OperationError) -> RepairReport.Watch {
        let once = DiagnosisSession(observer: session.observer, interval: 0, asksAboutConnections: false)
        var snapshots: [Snapshot] = []
        var watch = RepairReport.Watch(seconds: 0, findings: 0)
        while watch.seconds < seconds, watch.findings == 0 {
            report.interrupted = environment.wait(1)
            guard report.interrupted == nil else { break }
            watch.seconds += 1
            // Kept from three seconds back: enough for a second sighting.
            snapshots = Array(try (snapshots + once.run().looks).suffix(4))
            // What repair is about: neither notes nor connections whose cause is not known.
            watch.findings = diagnose(snapshots).findings.count { $0.severity > .note && $0.code != .unexplained }
            environment.progress(.watching(watch, of: seconds))
        }
        report.watch = watch
        return watch
    }
}

extension Finding {
    /// Repair skips live sockets.
    fileprivate var hasLiveSocketInTheWay: Bool { [.crossWired, .misdirected].contains(code) && !isRepairable }
}
