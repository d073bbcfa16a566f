/// One kernel TCP socket, as far as every iterator can see it.
public struct KernelSocket: Hashable, Sendable, Codable {
    public var identity: SocketIdentity
    public var tuple: FourTuple
    public var state: TCPState
    /// A `struct socket` is attached: an application holds a file descriptor (or one is in flight).
    public var hasSocket: Bool
    /// `SOCK_DEAD`: orphaned, no application will ever see it again.
    public var isDead: Bool
    /// TCP over IPv4 or IPv6; sockmaps hold sockets of other protocols too.
    public var isTCP: Bool
    /// Inode of the socket's file, as in `/proc/PID/fd`; 0 without one.
    public var inode: UInt64
    /// Inode number of the network namespace.
    public var netns: UInt32
    /// cgroup v2 id; 0 unknown.
    public var cgroup: UInt64
    /// Index into `Snapshot.handlers`; `nil` unknown.
    public var handlers: Int?
    public var psock: Psock?

    public init(
        identity: SocketIdentity, tuple: FourTuple, state: TCPState, hasSocket: Bool, isDead: Bool, isTCP: Bool = true,
        inode: UInt64, netns: UInt32, cgroup: UInt64, handlers: Int?, psock: Psock?
    ) {
        self.identity = identity
        self.tuple = tuple
        self.state = state
        self.hasSocket = hasSocket
        self.isDead = isDead
        self.isTCP = isTCP
        self.inode = inode
        self.netns = netns
        self.cgroup = cgroup
        self.handlers = handlers
        self.psock = psock
    }
}

/// A socket's sockmap state (`struct sk_psock`).
public struct Psock: Hashable, Sendable, Codable {
    /// Id of the sk_msg program that every send runs through; `nil`: none.
    public var msgProgram: UInt32?
    /// Redirected messages, and their bytes, that nobody has read yet.
    public var queuedMessages: UInt32
    public var queuedBytes: UInt32
    /// The queue was longer than the observer walks: both numbers are lower bounds.
    public var isPartial: Bool
    /// Names the oldest of these messages, as far as memory can: where it and its bytes lie, scrambled. Another message may
    /// later lie there, so that *equal* proves little once and much if it is seen again and again. `nil`: not read.
    public var oldestMessage: UInt64?

    public init(
        msgProgram: UInt32?, queuedMessages: UInt32, queuedBytes: UInt32, isPartial: Bool, oldestMessage: UInt64? = nil
    ) {
        self.msgProgram = msgProgram
        self.queuedMessages = queuedMessages
        self.queuedBytes = queuedBytes
        self.isPartial = isPartial
        self.oldestMessage = oldestMessage
    }
}
