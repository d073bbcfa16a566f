import UnstuckModel

/// What a probe found. Part of `unstuck probe --output json`: fields are only ever added.
public struct ProbeOutcome: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Codable { case http, tcp }

    public enum Verdict: String, Sendable, Codable {
        case success
        /// Passes all the same: a redirect to another host, which kubelet does not follow.
        case warning
        case failure
        /// The answer broke off, or did not end in time, in its body. kubelet throws such a result away ("Probe errored"): it
        /// counts neither as a success nor as a failure.
        case errored
    }

    /// How far it came. It stopped *in* the phase.
    public enum Phase: String, Sendable, Codable {
        case connecting, sending
        /// The request is sent and not one byte came back.
        case awaitingHeaders = "awaiting-headers"
        case readingHeaders = "reading-headers"
        case readingBody = "reading-body"
    }

    /// Why it failed.
    public enum Cause: String, Sendable, Codable {
        case timeout, refused, unreachable, reset
        /// The server closed before its response was complete.
        case closed
        /// What came back is not HTTP/1.x.
        case malformed
        /// A complete response, with a status that fails.
        case status
        /// More redirects than kubelet follows, or one that leads nowhere.
        case redirect
        /// Any other refusal of the kernel.
        case system
    }

    /// Seconds since the attempt began, by a clock that nobody sets.
    public struct Timing: Sendable, Hashable, Codable {
        /// The handshake was complete.
        public var connect: Double?
        /// The first byte of the response was there.
        public var firstByte: Double?
        public var total: Double

        public init(connect: Double? = nil, firstByte: Double? = nil, total: Double) {
            self.connect = connect
            self.firstByte = firstByte
            self.total = total
        }
    }

    public var kind: Kind
    public var verdict: Verdict
    /// The URL, or address and port, as spelled.
    public var target: String
    /// kubelet's own words about whatever did not succeed; empty otherwise.
    public var output: String
    public var status: Int?
    /// `nil`: the exchange came to its end.
    public var stoppedIn: Phase?
    public var cause: Cause?
    public var destination: Endpoint
    /// `nil`: the kernel chose none, because the target cannot be reached at all.
    public var source: Endpoint?
    public var namespace: String?
    public var timing: Timing
    /// The timeout that was set, in seconds.
    public var timeout: Double
    /// Handed to the kernel by the last connection.
    public var requestBytes: Int
    /// Taken from the kernel by the last connection.
    public var responseBytes: Int
    /// The redirects that were followed, and the one that was not.
    public var redirects: [String]
    /// How often it was tried; more than once only after a broken body, as kubelet does.
    public var attempts: Int

    public var passed: Bool { verdict == .success || verdict == .warning }

    public init(kind: Kind, target: String, destination: Endpoint, vantage: Vantage, timeout: Double) {
        self.kind = kind
        self.target = target
        self.destination = destination
        self.timeout = timeout
        namespace = vantage.namespace
        verdict = .success
        output = ""
        timing = Timing(total: 0)
        requestBytes = 0
        responseBytes = 0
        redirects = []
        attempts = 1
    }
}
