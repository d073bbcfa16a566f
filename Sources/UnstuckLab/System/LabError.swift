/// Why the lab could not do what it was asked.
public struct LabError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Something that the machine must have is not there; the message names it.
        case missing
        /// A name, an address or a number that makes no sense.
        case invalid
        /// No such lab, or it was not finished.
        case notUp
        /// A lab of that name, or its leftovers, are there already.
        case alreadyThere
        /// A step failed.
        case failed
        /// A fault was tried, and what should have happened did not.
        case didNotHappen
    }

    public var code: Code
    public var message: String
    /// What was thrown below, as it was.
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { cause.map { "\(message): \($0)" } ?? message }
}
