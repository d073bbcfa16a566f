import Glibc

/// A moment on `CLOCK_MONOTONIC`: setting the wall clock moves no timeout.
struct Deadline: Sendable {
    private let nanoseconds: Int64

    /// - Parameter seconds: from now; kept between a millisecond and a day.
    init(after seconds: Double) {
        let bounded = seconds.isFinite ? min(max(seconds, 0.001), 86_400) : 86_400
        nanoseconds = Self.now() + Int64(bounded * 1e9)
    }

    var hasPassed: Bool { Self.now() >= nanoseconds }

    /// For `poll`: rounded up, so that a wait never ends a fraction too early and spins.
    var remainingMilliseconds: Int32 {
        let left = max(nanoseconds - Self.now(), 0)
        return Int32(clamping: (left + 999_999) / 1_000_000)
    }

    /// Nanoseconds of `CLOCK_MONOTONIC`.
    static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Seconds between an earlier `now()` and now.
    static func seconds(since start: Int64) -> Double { Double(now() - start) / 1e9 }
}
