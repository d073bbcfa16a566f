import Glibc

/// The kernel's clocks (clock_gettime(2)): the one place that reads them by name. For waits within one function Swift's
/// `ContinuousClock` does.
public enum SystemClock: Sendable {
    /// `CLOCK_REALTIME`, since 1970: for people and records. It can be set, forwards and back.
    case wall
    /// `CLOCK_MONOTONIC`: nobody sets it, and it stands still while the machine sleeps.
    case monotonic
    /// `CLOCK_BOOTTIME`: as `monotonic`, and goes on while the machine sleeps.
    case boot

    /// Nanoseconds.
    public var nanoseconds: Int64 {
        let time = now
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Seconds.
    public var seconds: Double {
        let time = now
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds since this clock showed `nanoseconds`.
    public func seconds(since nanoseconds: Int64) -> Double { Double(self.nanoseconds - nanoseconds) / 1e9 }

    private var now: timespec {
        let clock =
            switch self {
            case .wall: CLOCK_REALTIME
            case .monotonic: CLOCK_MONOTONIC
            case .boot: CLOCK_BOOTTIME
            }
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time
    }
}
