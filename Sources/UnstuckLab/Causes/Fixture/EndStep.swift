import UnstuckModel

/// One thing that an end of a connection does. An end does its steps in order; the last one is where it stays.
public enum EndStep: Codable, Sendable {
    /// Waits for SIGUSR1.
    case gate
    /// Waits in `pause`: in a system call that has nothing to do with the connection.
    case pause
    /// Waits in `futex`, as for a lock that is never released.
    case futex
    /// - Parameter receiveBuffer: SO_RCVBUF in bytes, which accepted sockets inherit; `nil`: the kernel's default.
    case listen(at: String, backlog: Int32, receiveBuffer: Int32?)
    /// TCP_DEFER_ACCEPT of the listener, in seconds; 0 turns it off.
    case deferAccept(seconds: Int32)
    /// listen(2) again, which changes the length of the accept queue.
    case relisten(backlog: Int32)
    case accept
    /// Accepts the next connections one after the other, reads a request of each and answers it.
    case acceptAndAnswer(count: Int, bytes: Int)
    case connect(from: String, to: String)
    /// Blocks until the kernel has taken all bytes.
    case send(bytes: Int)
    /// Blocks until so many bytes were read.
    case read(bytes: Int)
    /// Reads up to 16 KiB ten times a second, for ever.
    case readSlowly
    /// Reads what is there, and computes for 50 ms between two reads, for ever.
    case readBusily
    /// Sends a message ten times a second and reads nothing, for ever.
    case sendSteadily(bytes: Int)
    /// Reads everything, and never answers, for ever.
    case readAll
    /// Sends a request and reads the answer, for ever; `pause` milliseconds between two.
    case ask(bytes: Int, pause: Int)
    /// Reads requests and answers each after `delay` milliseconds, for ever.
    case answer(bytes: Int, delay: Int)
    /// shutdown(SHUT_WR).
    case endSending
    /// Tries to connect twice a second and gives each attempt up, for ever.
    case knock(at: String)
    /// Stops another process for `stopped` milliseconds, then lets it run for `running`, for ever.
    case pauseProcess(Int32, stopped: Int, running: Int)
}
