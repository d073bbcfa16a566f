import Glibc

/// Takes SIGINT, SIGTERM and SIGHUP as a wish to stop between two steps, never in the middle of one: while this lives they
/// are blocked, and asked for. One that anyone who started us had ignored (nohup) stays ignored.
///
/// Make it before other threads: they take over its mask.
public final class SignalWaiter {
    private var signals = sigset_t()
    private var before = sigset_t()

    public init() {
        unsafe sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] where !Self.isIgnored(signal) { unsafe sigaddset(&signals, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, &before)
    }

    deinit { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }

    /// Waits.
    ///
    /// - Returns: the signal that ended the wait, `nil` if none did.
    public func wait(seconds: Double) -> String? {
        let end = ContinuousClock.now + .seconds(max(0, seconds))
        while true {
            let left = max(.zero, end - ContinuousClock.now).components
            var time = timespec(tv_sec: Int(left.seconds), tv_nsec: Int(left.attoseconds / 1_000_000_000))
            switch unsafe sigtimedwait(&signals, nil, &time) {
            case SIGINT: return "SIGINT"
            case SIGTERM: return "SIGTERM"
            case SIGHUP: return "SIGHUP"
            // The time is over, or something else woke us: the clock tells.
            case _ where errno == EAGAIN || errno == EINTR: if ContinuousClock.now >= end { return nil }
            // It cannot be asked: the time passes all the same.
            default: return Self.sleep(max(0, (end - ContinuousClock.now) / .seconds(1)))
            }
        }
    }

    /// Waits without asking for anything.
    public static func sleep(_ seconds: Double) -> String? {
        if seconds > 0 { usleep(UInt32(min(seconds, 3600) * 1_000_000)) }
        return nil
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1  // SIG_IGN
    }
}
