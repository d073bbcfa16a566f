/// Probes of one target that were made anew.
public struct CandidateTrial: Sendable, Encodable {
    public var target: Endpoint
    /// As kubelet has it; any characters.
    public var url: String
    public var passed = 0
    /// Failed with an answer, or at once.
    public var failed = 0
    /// Without an answer in time.
    public var unanswered = 0
    /// Seconds until the answer of one that came too late; `nil`: none came, as long as it was waited for.
    public var lateAfter: Double?
    /// The last failure in kubelet's words, or why nothing was tried.
    public var output: String?

    /// One has no answer still.
    public var hangs: Bool { unanswered > 0 && lateAfter == nil }

    public init(target: Endpoint, url: String) {
        self.target = target
        self.url = url
    }
}
