import Glibc

extension Duration {
    /// How long something is waited for that must come. It bounds failures alone, so it is generous: an emulated processor
    /// beside a busy machine may stand still for seconds.
    public static let patience = Duration.seconds(30)
}

/// A moment on the monotonic clock that waiting must not outlast.
public struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    public init(after duration: Duration) { end = ContinuousClock.now + duration }

    public var hasPassed: Bool { ContinuousClock.now >= end }

    /// What is left, at least 0, for poll(2) and its like.
    public var milliseconds: Int32 {
        let left = end - ContinuousClock.now
        guard left > .zero else { return 0 }
        return Int32(clamping: left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// Asks again every few milliseconds until `condition` holds; false if the time was up first.
    public func wait(every interval: Duration = .milliseconds(5), until condition: () throws -> Bool) rethrows -> Bool {
        while true {
            if try condition() { return true }
            if hasPassed { return false }
            usleep(UInt32(clamping: interval.components.attoseconds / 1_000_000_000_000))
        }
    }
}
