import Glibc
import Testing

/// Waiting for what must come.
public enum Wait {
    /// Asks until something is so; whether it ever was. The time bounds failures alone: it is generous, for a guest beside a
    /// busy machine may stand still for seconds.
    public static func until(within seconds: Double = 60, _ condition: () throws -> Bool) rethrows -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if try condition() { return true }
            usleep(50_000)
        }
        return try condition()
    }
}

/// Records an issue if that never comes.
public func expectSoon(
    _ comment: Comment? = nil, within seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) rethrows {
    if try !Wait.until(within: seconds, condition) {
        Issue.record(comment ?? "it did not come within \(seconds) s", sourceLocation: sourceLocation)
    }
}

/// How much of something a test does. Under emulation everything costs ten times as much, so there the counts are smaller;
/// what is asserted is the same.
public enum Scale {
    /// `UNSTUCK_SCALE=small`: inside a guest.
    public static let isSmall = unsafe getenv("UNSTUCK_SCALE").map { unsafe String(cString: $0) } == "small"

    /// Lets what was started get somewhere.
    public static func pause(seconds: Double) { usleep(UInt32(seconds * of(1, small: 5) * 1_000_000)) }

    /// For `unstuck-lab load`: a guest's whole processor may stand still for seconds, which is nobody's stalled
    /// connection. One that hangs is still found: the load waits for its last exchanges.
    public static let patience = ["--patience", of("5", small: "30")]

    public static func of<Value>(_ full: Value, small: Value) -> Value { isSmall ? small : full }
}
