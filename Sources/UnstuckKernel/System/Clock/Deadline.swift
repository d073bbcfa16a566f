import Glibc

/// A moment that waiting must not outlast. Setting the wall clock does not move it.
public struct Deadline: Sendable {
    /// On ``SystemClock/monotonic``.
    private let nanoseconds: Int64

    /// - Parameter duration: from now; at most thirty years.
    public init(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        nanoseconds =
            SystemClock.monotonic.nanoseconds + min(max(seconds, 0), 1_000_000_000) * 1_000_000_000
            + max(attoseconds, 0) / 1_000_000_000
    }

    /// - Parameter seconds: from now; kept between a millisecond and a day.
    public init(seconds: Double) {
        self.init(after: .seconds(seconds.isFinite ? min(max(seconds, 0.001), 86_400) : 86_400))
    }

    public var hasPassed: Bool { SystemClock.monotonic.nanoseconds >= nanoseconds }

    /// What is left, at least 0, for poll(2) and its like: rounded up, so that a wait never ends a fraction too early and
    /// spins.
    public var remainingMilliseconds: Int32 {
        let left = max(nanoseconds - SystemClock.monotonic.nanoseconds, 0)
        return Int32(clamping: left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0))
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
