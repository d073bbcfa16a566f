/// Why an operation did not come to its result: a code for programs, a message for people, and the error below it.
public struct OperationError: Error, CustomStringConvertible {
    /// Open: each operation declares its own beside it.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public var code: Code
    /// One clause without a full stop, safe for a terminal: "cannot read node-a.json: No such file or directory".
    public var message: String
    /// What the kernel, or a library, said.
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}

extension OperationError.Code {
    /// Nothing was sampled, so there is nothing to evaluate.
    public static let noSnapshots = Self(rawValue: "no-snapshots")
}
