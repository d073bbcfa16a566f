import CLinuxUAPI
import Glibc
import UnstuckKernel

/// SIGHUP, SIGINT and SIGTERM, caught as long as this lives, so that what was begun can be taken away again.
struct Interruption: ~Copyable {
    private static let signals = [SIGHUP, SIGINT, SIGTERM]
    private let descriptor: OwnedDescriptor

    init() throws(SystemError) {
        let mask = Self.signals.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        descriptor = OwnedDescriptor(
            owning: try syscall("signalfd", on: "this process") { linux_signal_descriptor(mask) })
    }

    deinit {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        for number in Self.signals { unsafe sigaddset(&mask, number) }
        unsafe sigprocmask(SIG_UNBLOCK, &mask, nil)
    }

    /// - Throws: if one of them came.
    func check() throws {
        let number = linux_next_signal(descriptor.raw)
        if number > 0 { throw LabError(.failed, "interrupted by signal \(number)") }
    }
}
