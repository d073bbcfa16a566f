/// The TCP sockets of a look's tables, by what a key can name them by: what a walked map's keys are held against.
public struct SeenSockets: Sendable {
    /// Every namespace that was found was read, whole. Only then can a socket be missed.
    public let isComplete: Bool
    public let sockets: [TCPSocket]
    private let byCookie: [UInt64: Int]

    public init(_ look: Snapshot) {
        sockets = look.sockets
        isComplete =
            !look.namespaces.isEmpty && look.namespaces.allSatisfy(\.wasRead)
            && look.coverage.isWhole(.sockets, .namespaces)
        var byCookie: [UInt64: Int] = [:]
        for (index, socket) in sockets.enumerated() where socket.socket.identity.cookie != 0 {
            byCookie[socket.socket.identity.cookie] = index
        }
        self.byCookie = byCookie
    }

    /// A connection that can be asked for by the very tuple that a key claims: the layout names both ends, and no shim.
    public static func canBeAskedFor(_ claim: FourTuple, _ layout: KeyLayout?) -> Bool {
        claim.isComplete && (layout?.v6Placeholder.map { claim.local.address != $0 } ?? true)
    }

    func socket(cookie: UInt64) -> Int? { byCookie[cookie] }

    /// Every socket of a connection by what a key of that layout says of it.
    func claims(in layout: KeyLayout) -> [FourTuple: [Int]] {
        var result: [FourTuple: [Int]] = [:]
        for (index, socket) in sockets.enumerated() where isNameable(socket) {
            for claim in layout.claims(naming: socket.socket.tuple) { result[claim, default: []].append(index) }
        }
        return result
    }

    /// The same for the other ends of these connections, wherever those are.
    func farEnds(in layout: KeyLayout) -> Set<FourTuple> {
        var result = Set<FourTuple>()
        for socket in sockets where isNameable(socket) {
            result.formUnion(layout.claims(naming: socket.socket.tuple.reversed))
        }
        return result
    }

    /// TIME_WAIT is what a socket left, and no socket: the one that left it is in CLOSE.
    private func isNameable(_ socket: TCPSocket) -> Bool {
        socket.socket.state != .timeWait && socket.socket.tuple.isComplete
    }
}

extension Snapshot {
    /// Takes what INET_DIAG told after the sockets' own iterator: sockets that are missing, and the cookies of those that are
    /// there without (5.10 tells none in tracing).
    public mutating func add(_ told: Reading) {
        missingEvidence += told.missingEvidence
        var known: [Place: Int] = [:]
        for (index, socket) in sockets.enumerated() { known[Place(socket.socket)] = index }
        for socket in told.sockets {
            guard let index = known[Place(socket.socket)] else {
                sockets.append(socket)
                continue
            }
            let there = sockets[index].socket
            // Of another inode, it is the place's next socket.
            if there.identity.cookie == 0, there.inode == socket.socket.inode {
                sockets[index].socket.identity.cookie = socket.socket.identity.cookie
            }
        }
        let found = Set(namespaces.map(\.inode))
        namespaces += told.namespaces.filter { !found.contains($0.inode) }
    }

    /// What the socket tables of namespaces say.
    public struct Reading: Sendable {
        public var sockets: [TCPSocket] = []
        /// Of each socket, in the same order; none where nobody asked.
        public var details: [SocketDetails] = []
        public var namespaces: [NetworkNamespace] = []
        /// Why a socket may be missing; empty: none is.
        public var missingEvidence: [MissingEvidence] = []
        public init() {}
    }

    /// Where at most one socket is.
    private struct Place: Hashable {
        var tuple: FourTuple
        var netns: UInt32
        init(_ socket: KernelSocket) { (tuple, netns) = (socket.tuple, socket.netns) }
    }
}
