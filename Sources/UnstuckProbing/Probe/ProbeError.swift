/// A probe that could not even be tried. A server that refuses, hangs or answers badly is an outcome, never an error.
public struct ProbeError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The target or an option makes no sense: the caller's mistake.
        case usage
        /// Asked for something that this probe cannot do: names, TLS.
        case unsupported
        /// The network namespace is not there or cannot be joined.
        case namespace
        /// The source address or port cannot be used.
        case source
        /// Any other local refusal: no descriptors left, no memory.
        case system
    }

    public var code: Code
    public var message: String
    /// The capability that would allow it: "CAP_SYS_ADMIN".
    public var capability: String?
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, capability: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.capability = capability
        self.cause = cause
    }

    public var description: String {
        message + (capability.map { "; this needs \($0)" } ?? "")
    }
}
