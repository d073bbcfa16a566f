import Glibc

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
