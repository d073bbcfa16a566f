/// Where what one socket sends goes: socket → psock → msg program → the program's maps → key → the socket behind it.
///
/// What the program itself decides is not seen (docs/limitations.md); everything around it is. It works for accelerators
/// that nobody declared: where the key cannot be known, the peer is still found among the sockets.
public struct RedirectPath: Sendable, Encodable {
    /// One map that the program may look the receiver up in.
    public struct Hop: Sendable, Encodable {
        public enum Verdict: String, Sendable, Encodable {
            /// The key leads to the connection's other end.
            case reachesPeer = "reaches its peer"
            /// No entry has the key: the bytes take the stack.
            case misses = "no entry: the TCP stack carries it"
            /// The key leads to another socket.
            case misdirected = "misdirected"
            /// Keys of that layout do not prove it, or the layout or the peer is not known.
            case unknown
        }

        public var map: UInt32
        public var mapName: String
        public var layout: String?
        /// The receiver's key, where the layout says how it is made.
        public var key: SockmapKey?
        public var verdict: Verdict
        /// Who sits under the key, or where the peer was found.
        public var sockets: [Socket]

        public init(
            map: UInt32, mapName: String, layout: String?, key: SockmapKey?, verdict: Verdict, sockets: [Socket]
        ) {
            self.map = map
            self.mapName = mapName
            self.layout = layout
            self.key = key
            self.verdict = verdict
            self.sockets = sockets
        }

        private enum CodingKeys: String, CodingKey {
            case map, mapName, layout, key, verdict
            case sockets
        }
    }

    public struct Socket: Sendable, Encodable {
        public var key: SockmapKey
        public var tuple: FourTuple
        public var state: EntryState
        public var netns: UInt32
        public var pod: String?
        public var isPeer: Bool
        public var unreadBytes: UInt32

        public init(
            key: SockmapKey, tuple: FourTuple, state: EntryState, netns: UInt32, pod: String?, isPeer: Bool,
            unreadBytes: UInt32
        ) {
            self.key = key
            self.tuple = tuple
            self.state = state
            self.netns = netns
            self.pod = pod
            self.isPeer = isPeer
            self.unreadBytes = unreadBytes
        }
    }

    /// As the sender sees it.
    public var connection: FourTuple
    public var netns: UInt32
    public var pod: String?
    /// `tcp_bpf_sendmsg`, say; `nil` where the kernel does not tell names.
    public var sendmsg: String?
    /// `nil`: what is sent goes through the stack alone.
    public var program: Program?
    public var hops: [Hop]
    /// The peer's end is on this node.
    public var peerIsHere: Bool

    public struct Program: Sendable, Encodable {
        public var id: UInt32
        public var name: String

        public init(id: UInt32, name: String) {
            self.id = id
            self.name = name
        }
    }

    public init(
        connection: FourTuple, netns: UInt32, pod: String?, sendmsg: String?, program: Program?, hops: [Hop],
        peerIsHere: Bool
    ) {
        self.connection = connection
        self.netns = netns
        self.pod = pod
        self.sendmsg = sendmsg
        self.program = program
        self.hops = hops
        self.peerIsHere = peerIsHere
    }
}
