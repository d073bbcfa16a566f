/// What FIONREAD (ioctl(2)) said of a socket: how many bytes an application that asks first believes it can read.
public struct ReadableBytes: Hashable, Sendable, Codable {
    /// Of the socket, in sockfs.
    public var inode: UInt64
    /// The process whose descriptor was duplicated for the question.
    public var pid: Int32
    public var descriptor: Int32
    public var bytes: UInt32
    /// `CLOCK_MONOTONIC` in seconds.
    public var takenAt: Double

    public init(inode: UInt64, pid: Int32, descriptor: Int32, bytes: UInt32, takenAt: Double) {
        self.inode = inode
        self.pid = pid
        self.descriptor = descriptor
        self.bytes = bytes
        self.takenAt = takenAt
    }
}
