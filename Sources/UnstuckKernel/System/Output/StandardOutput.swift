import CLinuxUAPI
import Glibc

/// Where a program's results go. What cannot be written there is an error; a reader that has left is none.
public enum StandardOutput {
    public struct Failure: Error, CustomStringConvertible {
        public var cause: SystemError

        /// `| head` has what it wanted: nobody is to be told anything.
        public var hasReaderLeft: Bool { cause.errno == EPIPE || cause.errno == ECONNRESET }

        public var description: String {
            let isClosed = cause.errno == EBADF && linux_stream_was_closed(STDOUT_FILENO) != 0
            return "cannot write standard output: \(isClosed ? "it is closed" : cause.reason)"
        }
    }

    public static func write(_ text: String) throws(Failure) {
        let bytes = Array(text.utf8)
        try unsafe write(bytes.span.bytes)
    }

    public static func write(_ bytes: RawSpan) throws(Failure) {
        do { try writeWhole(bytes, to: STDOUT_FILENO, "standard output") } catch { throw Failure(cause: error) }
    }

    /// To be called last: some file systems tell only when a descriptor is closed that there was no room (NFS, quotas).
    public static func finish() throws(Failure) {
        let copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
        // What was never written to need not be open.
        guard copy >= 0 else { return }
        guard close(copy) != 0, errno != EINTR, errno != EBADF else { return }
        throw Failure(cause: SystemError("close", "standard output", errno: errno))
    }

    /// A write to a pipe that nobody reads is from now on an error like any other, and ends nothing half-way. What this
    /// process starts gets the default back.
    public static func catchBrokenPipes() {
        var action = sigaction()
        // One that was ignored when we were started stays so.
        guard unsafe sigaction(SIGPIPE, nil, &action) == 0,
            unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 0  // SIG_DFL
        else { return }
        _ = signal(SIGPIPE) { _ in }
    }

    /// Ends as a program does whose reader has left: by SIGPIPE, without a word.
    public static func endForLackOfReader() -> Never {
        _ = signal(SIGPIPE, SIG_DFL)
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGPIPE)
        unsafe _ = pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(SIGPIPE)
        _exit(128 + SIGPIPE)  // the first process of a PID namespace is not ended by signals
    }
}

/// Standard error: messages, for people. Where they cannot be written there is nobody to tell.
public enum StandardError {
    public static func write(_ text: String) { write(Array(text.utf8)) }

    public static func write(_ bytes: [UInt8]) {
        try? unsafe writeWhole(bytes.span.bytes, to: STDERR_FILENO, "standard error")
    }
}

/// What the program was started with, its name left out.
///
/// `CommandLine.arguments` reads /proc/self/cmdline, and is empty where that cannot be read: every command would be none.
public enum ProgramArguments {
    public static var all: [String] {
        linux_restore_environment()
        var arguments: [String] = []
        while let argument = unsafe linux_argument(Int32(arguments.count)) {
            unsafe arguments.append(String(cString: argument))
        }
        return Array(arguments.dropFirst())
    }
}
