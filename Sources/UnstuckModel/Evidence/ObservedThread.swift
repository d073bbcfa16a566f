/// One thread of a process: what it waits in.
public struct ObservedThread: Hashable, Sendable, Codable {
    public var tid: UInt32
    /// Its own name for itself; anything may stand in it.
    public var name: String
    public var state: ProcessState
    /// The kernel function in which it sleeps, from `/proc/PID/task/TID/wchan`; `nil`: it runs, reading is not permitted, or
    /// the kernel cannot tell (x86 before Linux 5.16, "x86: Fix get_wchan() to support the ORC unwinder").
    public var waitChannel: String?
    /// Kernel functions, innermost first, without offsets; `nil`: it runs, or reading is not permitted.
    public var stack: [String]?
    /// `nil`: it runs, it is in none, or reading is not permitted.
    public var systemCall: SystemCall?
    /// Time on a processor in user and kernel mode, in clock ticks (`utime` and `stime` of proc_pid_stat(5)).
    public var cpuTicks: UInt64?

    public init(tid: UInt32, name: String, state: ProcessState, cpuTicks: UInt64?) {
        self.tid = tid
        self.name = name
        self.state = state
        self.cpuTicks = cpuTicks
    }

    /// The kernel function in which it sleeps, by its wait channel or its stack, which begins below the scheduler's functions
    /// (`stack_trace_save_tsk`, kernel/stacktrace.c).
    public var waitsIn: String? { waitChannel ?? stack?.first }
}
