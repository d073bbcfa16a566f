/// What a canary found out about this kernel by trying: the word that holds on vendor kernels too.
public struct CanaryReport: Sendable, Codable {
    public enum Word: String, Sendable, Codable {
        case present, absent, inconclusive
    }

    /// One fault that was tried.
    public struct Trial: Sendable, Codable {
        /// `leak`, `zombie`, `fionread`, `fionread-stack`, `splice`, `eagain-shutdown`, `eagain-signal`, `eagain-stop`.
        public var fault: String
        public var word: Word
        /// What was done and seen, one line an address family; or why nothing was.
        public var evidence: [String]
        public var milliseconds: Double

        public init(fault: String, word: Word, evidence: [String], milliseconds: Double) {
            self.fault = fault
            self.word = word
            self.evidence = evidence
            self.milliseconds = milliseconds
        }
    }

    public var kernelRelease: String
    /// sock_ops programs of others that see the canary's sockets.
    public var foreign: [BPFProgram]
    /// Nothing was tried because of them.
    public var isRefused: Bool
    public var trials: [Trial]
    /// The canary's own keys that others' programs had inserted in others' maps, and that were taken out again.
    public var removedKeys: Int
    /// Those that could not be.
    public var keysLeft: Int
    public var milliseconds: Double

    public init(kernelRelease: String) {
        self.kernelRelease = kernelRelease
        foreign = []
        isRefused = false
        trials = []
        removedKeys = 0
        keysLeft = 0
        milliseconds = 0
    }
}
