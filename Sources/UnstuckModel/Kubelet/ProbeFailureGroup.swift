/// Failures of one probe of one container that say the same.
public struct ProbeFailureGroup: Sendable {
    public struct Key: Sendable, Hashable {
        public var pod: String?
        public var container: String?
        public var kind: ProbeFailure.Kind?
        public var result: ProbeFailure.Result
        public var method: ProbeFailureCause.Method
        public var suspicion: ProbeFailureCause.Suspicion
        public var reason: String
        public var target: Endpoint?
    }

    public var key: Key
    /// The latest of them.
    public var example: ProbeFailure
    /// How many lines of the log there are, and how many failures events count: the same failures where both exist.
    private var logged = 0
    private var events = 0
    public private(set) var first: LogTime?
    public private(set) var last: LogTime?
    /// Of events that say only how long ago they were: from the first failure to the last.
    private var span: Double?

    public init(_ failure: ProbeFailure) {
        key = Key(
            pod: failure.pod, container: failure.container, kind: failure.kind, result: failure.result,
            method: failure.cause.method, suspicion: failure.cause.suspicion, reason: failure.cause.reason,
            target: failure.cause.target)
        example = failure
        add(failure)
    }

    /// One that has the same ``key``.
    public mutating func add(_ failure: ProbeFailure) {
        example = failure
        switch failure.source {
        case .log: logged += 1
        // An event that comes again has the count of all.
        case .event: events = failure.span == nil && failure.count == 1 ? events + 1 : max(events, failure.count)
        }
        if let seconds = failure.span { span = max(span ?? 0, seconds) }
        for time in [failure.firstTime, failure.time].compactMap({ $0 }) {
            if let first, first.form != time.form { continue }
            if time.seconds < first?.seconds ?? .infinity { first = time }
            if time.seconds > last?.seconds ?? -.infinity { last = time }
        }
    }

    public var count: Int { logged > 0 ? logged : events }

    /// Of more than one failure, from the first to the last; `nil`: not known.
    public var perMinute: Double? {
        let seconds = first.flatMap { first in last.map { $0.seconds - first.seconds } } ?? 0
        let measured = seconds > 0 ? seconds : span ?? 0
        return count > 1 && measured > 0 ? Double(count - 1) * 60 / measured : nil
    }

    /// There are events alone, which do not always name the container.
    fileprivate var isOfEvents: Bool { logged == 0 }

    /// The key of the events about the same failures, where these do not name the container.
    fileprivate var keyOfEvents: Key {
        var key = key
        key.container = nil
        return key
    }
}

/// Failures by pod, as they come. How many groups are kept is bounded: a log may name any number of pods.
public struct ProbeFailureGroups: Sendable {
    public static let most = 5000

    private var groups: [ProbeFailureGroup.Key: ProbeFailureGroup] = [:]
    /// Failures that no group was kept for.
    public private(set) var ungrouped = 0

    public init() {}

    public mutating func add(_ failure: ProbeFailure) {
        let new = ProbeFailureGroup(failure)
        if groups[new.key] != nil {
            groups[new.key]?.add(failure)
        } else if groups.count < Self.most {
            groups[new.key] = new
        } else {
            ungrouped += 1
        }
    }

    /// Candidates first, then by pod, those with most failures first. Events of failures that the log has, too, are left out.
    public var sorted: [ProbeFailureGroup] {
        let logged = Set(groups.values.filter { !$0.isOfEvents }.map(\.keyOfEvents))
        return groups.values.filter { !($0.isOfEvents && logged.contains($0.key)) }.sorted(by: Self.precedes)
    }

    private static func precedes(_ one: ProbeFailureGroup, _ other: ProbeFailureGroup) -> Bool {
        if one.key.suspicion != other.key.suspicion { return one.key.suspicion > other.key.suspicion }
        let (mine, theirs) = (one.key.pod ?? "", other.key.pod ?? "")
        if mine != theirs { return mine < theirs }
        if one.count != other.count { return one.count > other.count }
        if one.example.line != other.example.line { return one.example.line < other.example.line }
        return one.key.order.lexicographicallyPrecedes(other.key.order)
    }
}

extension ProbeFailureGroup.Key {
    /// Of what nothing else puts in an order.
    fileprivate var order: [String] {
        [target.map { "\($0)" } ?? "", reason, container ?? "", kind?.rawValue ?? "", result.rawValue, method.rawValue]
    }
}
