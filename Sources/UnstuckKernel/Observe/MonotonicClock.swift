import Glibc

/// `CLOCK_MONOTONIC` in seconds.
func monotonicNow() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
