/// A system call that a thread is in.
public struct SystemCall: Hashable, Sendable, Codable {
    /// By the thread's own instruction set.
    public var number: Int64
    /// `nil`: a number that has no name here, or a thread of another instruction set.
    public var name: Name?
    /// The six argument registers. The kernel does not say how many of them the call takes.
    public var arguments: [UInt64]

    public init(number: Int64, name: Name?, arguments: [UInt64]) {
        self.number = number
        self.name = name
        self.arguments = arguments
    }

    /// The descriptor that the call works on: its first argument, where that is one; `nil` else.
    public var descriptor: Int32? {
        guard let name, name.takesDescriptor, let first = arguments.first else { return nil }
        return Int32(truncatingIfNeeded: first)
    }

    /// As in syscalls(2); unknown names survive.
    public struct Name: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Its first argument is a descriptor.
        public var takesDescriptor: Bool { Self.onDescriptor.contains(rawValue) }

        /// It reads from a descriptor.
        public var reads: Bool { Self.reading.contains(rawValue) }
        /// It writes to a descriptor.
        public var writes: Bool { Self.writing.contains(rawValue) }
        /// It takes connections from a listener.
        public var accepts: Bool { rawValue == "accept" || rawValue == "accept4" }
        /// It waits until one of several descriptors is ready.
        public var polls: Bool { Self.polling.contains(rawValue) }
        /// It waits for a lock or a condition in memory.
        public var isFutex: Bool { rawValue.hasPrefix("futex") }

        private static let reading: Set<String> = [
            "read", "readv", "pread64", "recvfrom", "recvmsg", "recvmmsg", "splice",
        ]
        private static let writing: Set<String> = [
            "write", "writev", "pwrite64", "sendto", "sendmsg", "sendmmsg",
        ]
        private static let polling: Set<String> = [
            "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6",
        ]
        private static let onDescriptor: Set<String> = reading.union(writing).union([
            "accept", "accept4", "connect", "shutdown", "close", "epoll_wait", "epoll_pwait", "epoll_pwait2",
            "sendfile",
            "splice", "fcntl", "flock", "fsync", "fdatasync", "ioctl", "io_uring_enter",
        ])
    }
}
