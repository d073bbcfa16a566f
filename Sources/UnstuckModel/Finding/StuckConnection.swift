/// A connection that holds bytes and made no progress between two samples: one row of a `stuck.unexplained`.
public struct StuckConnection: Sendable, Codable {
    public enum Side: String, Sendable, Codable { case client, server }

    /// Which queue of an end holds the bytes.
    public enum Queue: String, Sendable, Codable {
        /// Arrived through the stack and not read (`Recv-Q` of ss).
        case receive
        /// Redirected by a sockmap program and not read; neither ss nor tcp_info shows these.
        case redirected
        /// Written and not acknowledged (`Send-Q` of ss).
        case send
    }

    /// Where the bytes are.
    public struct Place: Sendable, Codable, Hashable {
        public var side: Side
        public var queue: Queue
        public init(side: Side, queue: Queue) {
            self.side = side
            self.queue = queue
        }
    }

    /// One end that is on this node. What was not reported is `nil`, never 0.
    public struct End: Sendable, Codable {
        public var side: Side
        public var socket: SocketIdentity
        public var netns: UInt32
        public var pod: String?
        public var state: TCPState
        /// `false`: it waits in the accept queue.
        public var isAccepted: Bool
        public var holder: SocketOwner?
        public var unreadBytes: UInt32?
        public var redirectedBytes: UInt32?
        public var unacknowledgedBytes: UInt32?
        public var sendWindow: UInt32?
        public var retransmits: UInt32?
        public var backoff: UInt8?
        public var millisecondsSinceSend: UInt32?
        public var millisecondsSinceReceive: UInt32?

        public init(
            side: Side, of socket: TCPSocket, pod: String?, holder: SocketOwner?, unreadBytes: UInt32?,
            unacknowledgedBytes: UInt32?
        ) {
            self.side = side
            self.socket = socket.socket.identity
            netns = socket.socket.netns
            self.pod = pod
            state = socket.socket.state
            isAccepted = socket.socket.hasSocket
            self.holder = holder
            self.unreadBytes = unreadBytes
            redirectedBytes = socket.socket.psock?.queuedBytes
            self.unacknowledgedBytes = unacknowledgedBytes
            sendWindow = socket.sendWindow
            retransmits = socket.retransmits
            backoff = socket.backoff
            millisecondsSinceSend = socket.millisecondsSinceSend
            millisecondsSinceReceive = socket.millisecondsSinceReceive
        }
    }

    public var client: Endpoint
    public var server: Endpoint
    public var place: Place
    /// In the queue of `place`.
    public var bytes: UInt64
    /// At least so long without progress.
    public var seconds: Double
    /// One or two, the client's first.
    public var ends: [End]

    public init(client: Endpoint, server: Endpoint, place: Place, bytes: UInt64, seconds: Double, ends: [End]) {
        self.client = client
        self.server = server
        self.place = place
        self.bytes = bytes
        self.seconds = seconds
        self.ends = ends
    }

    /// As the client sees it.
    public var tuple: FourTuple { FourTuple(local: client, remote: server) }
}

/// A connection that holds bytes, of which the samples do not say whether it moves.
public struct UnsettledConnection: Sendable, Codable {
    public enum Reason: String, Sendable, Codable, CaseIterable {
        case oneSample = "one-sample"
        /// Two samples, less than ``Diagnosis/secondsBetweenSamples`` apart.
        case tooShort = "too-short"
        /// A counter that decides, or its namespace, was not read in one of the samples.
        case notRead = "not-read"
        /// The bytes were redirected. No counter goes with their queue: one that was read and filled again looks the same.
        case redirected
    }

    public var connection: FourTuple
    public var netns: UInt32
    public var queue: StuckConnection.Queue
    public var reason: Reason

    public init(connection: FourTuple, netns: UInt32, queue: StuckConnection.Queue, reason: Reason) {
        self.connection = connection
        self.netns = netns
        self.queue = queue
        self.reason = reason
    }
}

/// What was done between two samples to learn whether queues of redirected bytes move.
public struct QueueWatch: Sendable, Codable {
    /// How often the queues were read between the two samples.
    public var readings = 0
    /// Sockets whose queue was the same in each of these readings. One that is in neither list was missed by one.
    public var unchanged: [SocketIdentity] = []
    /// Sockets whose queue was another in one of them.
    public var changed: [SocketIdentity] = []

    public init() {}
}
