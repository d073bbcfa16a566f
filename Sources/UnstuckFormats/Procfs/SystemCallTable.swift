import UnstuckModel

/// Names of the system calls in which a process waits, by number.
public struct SystemCallTable: Sendable {
    private let names: [Int64: String]

    /// arch/x86/entry/syscalls/syscall_64.tbl
    public static let x86 = SystemCallTable([
        0: "read", 1: "write", 3: "close", 7: "poll", 16: "ioctl", 17: "pread64", 18: "pwrite64", 19: "readv",
        20: "writev", 23: "select", 34: "pause", 35: "nanosleep", 40: "sendfile", 42: "connect", 43: "accept",
        44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 48: "shutdown", 61: "wait4", 72: "fcntl",
        73: "flock", 74: "fsync", 75: "fdatasync", 128: "rt_sigtimedwait", 130: "rt_sigsuspend", 202: "futex",
        219: "restart_syscall", 230: "clock_nanosleep", 232: "epoll_wait", 247: "waitid", 257: "openat",
        270: "pselect6", 271: "ppoll", 275: "splice", 281: "epoll_pwait", 288: "accept4", 299: "recvmmsg",
        307: "sendmmsg", 426: "io_uring_enter", 441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait",
    ])

    /// include/uapi/asm-generic/unistd.h
    public static let arm = SystemCallTable([
        22: "epoll_pwait", 25: "fcntl", 29: "ioctl", 32: "flock", 56: "openat", 57: "close", 63: "read", 64: "write",
        65: "readv", 66: "writev", 67: "pread64", 68: "pwrite64", 71: "sendfile", 72: "pselect6", 73: "ppoll",
        76: "splice", 82: "fsync", 83: "fdatasync", 95: "waitid", 98: "futex", 101: "nanosleep",
        115: "clock_nanosleep", 128: "restart_syscall", 133: "rt_sigsuspend", 137: "rt_sigtimedwait", 202: "accept",
        203: "connect", 206: "sendto", 207: "recvfrom", 210: "shutdown", 211: "sendmsg", 212: "recvmsg",
        242: "accept4", 243: "recvmmsg", 260: "wait4", 269: "sendmmsg", 426: "io_uring_enter", 441: "epoll_pwait2",
        449: "futex_waitv", 455: "futex_wait",
    ])

    /// That of 64-bit programs on a kernel for which this program is built; `nil`: none is known.
    public static var native: SystemCallTable? {
        #if arch(x86_64)
            x86
        #elseif arch(arm64)
            arm
        #else
            nil
        #endif
    }

    private init(_ names: [Int64: String]) { self.names = names }

    public func name(of number: Int64) -> SystemCall.Name? {
        names[number].map(SystemCall.Name.init(rawValue:))
    }
}
