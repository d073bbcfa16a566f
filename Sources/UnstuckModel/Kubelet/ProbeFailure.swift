/// One failure of a probe as kubelet, or an event of its, reports it.
public struct ProbeFailure: Sendable, Hashable {
    /// Which probe of the container.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case readiness, liveness, startup
    }

    /// What kubelet makes of it.
    public enum Result: String, Sendable, Codable {
        /// Counted towards the failure threshold.
        case failure
        /// "Probe errored": kubelet throws the result away; neither success nor failure.
        case errored
        /// Passes all the same.
        case warning
    }

    /// Who reported it. kubelet logs a failure and records an event of it: both are of the same failure.
    public enum Source: String, Sendable, Codable { case log, event }

    /// Number of its first line, from 1.
    public var line: Int
    /// `nil`: the line has no time, or only how long ago it was.
    public var time: LogTime?
    public var kind: Kind?
    /// `NAMESPACE/NAME`, or the name alone where the namespace is not said.
    public var pod: String?
    public var podUID: String?
    public var container: String?
    public var result: Result
    public var source: Source
    /// kubelet's words, cut after ``longestOutput`` bytes; any characters.
    public var output: String
    public var cause: ProbeFailureCause
    /// Events are counted: so many failures are behind this one.
    public var count: Int
    /// Of an event that is counted: seconds from its first failure to its last.
    public var span: Double?
    /// The first of an event's failures.
    public var firstTime: LogTime?

    /// Bytes of kubelet's words that are kept.
    public static let longestOutput = 1024

    /// Characters of names that are kept: those of a namespace and a pod have room.
    static let longestName = 320

    /// The same with names, and a URL, of a length that such things have. Anybody may have written them.
    public var bounded: ProbeFailure {
        var copy = self
        copy.pod = pod.map { String($0.prefix(Self.longestName)) }
        copy.podUID = podUID.map { String($0.prefix(Self.longestName)) }
        copy.container = container.map { String($0.prefix(Self.longestName)) }
        copy.cause.url = cause.url.map { String($0.prefix(Self.longestOutput)) }
        return copy
    }

    public init(line: Int, result: Result, source: Source, output: String, cause: ProbeFailureCause) {
        self.line = line
        self.result = result
        self.source = source
        self.output = output
        self.cause = cause
        count = 1
    }
}

/// What the words of a failed probe say about its connection.
public struct ProbeFailureCause: Sendable, Hashable {
    /// What the probe does, by its words; `other`: they do not say.
    public enum Method: String, Sendable, Codable { case http, https, tcp, grpc, exec, other }

    /// How far it speaks for a connection that is established and stuck.
    public enum Suspicion: String, Sendable, Codable, Comparable, CaseIterable {
        /// The words show something else.
        case not
        /// They fit, and fit something else as well.
        case weak
        /// Connected, request sent, no answer.
        case candidate

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        public static func < (one: Suspicion, other: Suspicion) -> Bool { one.rank < other.rank }
    }

    public var method: Method
    public var suspicion: Suspicion
    /// Why, in plain words.
    public var reason: String
    /// As kubelet has it; any characters.
    public var url: String?
    /// Where the probe went; `nil`: the words do not say, or name no IP address.
    public var target: Endpoint?
    /// kubelet's own end of the connection, where the words name it.
    public var client: Endpoint?

    public init(
        _ method: Method, _ suspicion: Suspicion, _ reason: String, url: String? = nil, target: Endpoint? = nil,
        client: Endpoint? = nil
    ) {
        self.method = method
        self.suspicion = suspicion
        self.reason = reason
        self.url = url
        self.target = target
        self.client = client
    }
}
