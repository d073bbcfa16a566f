/// What a load run counted. Anything in the last three is a failure.
public struct LoadReport: Hashable, Sendable, Codable {
    /// At the same time.
    public var connections = 0
    /// One after the other, churn included.
    public var opened = 0
    /// A message sent, and its echo received whole and compared.
    public var exchanges = 0
    /// Compared.
    public var bytes = 0
    /// Connections that failed: refused, reset, or ended by the server.
    public var errors = 0
    /// Connections on which a byte came back wrong.
    public var mismatches = 0
    /// Connections that made no progress for the time limit.
    public var stalled = 0

    public init() {}

    public var isClean: Bool { errors == 0 && mismatches == 0 && stalled == 0 }
}
