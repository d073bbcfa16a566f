import UnstuckModel

/// What a load run does. It opens `connections` to an echo server and keeps each busy with one message at a time.
public struct LoadOptions: Sendable {
    public var target: Endpoint
    public var connections = 10
    public var seconds = 5.0
    /// Close and reopen a connection after so many exchanges; 0 never.
    public var churn = 0
    public var messageBytes = 1024
    /// Bind to these local ports in turn; `nil` lets the kernel choose.
    public var sourcePorts: ClosedRange<UInt16>?
    /// A connection without progress for so long is stalled.
    public var stallLimit = Duration.seconds(5)
    /// Told of the first few failures.
    public var log: @Sendable (String) -> Void = { _ in }

    public init(target: Endpoint) { self.target = target }
}
