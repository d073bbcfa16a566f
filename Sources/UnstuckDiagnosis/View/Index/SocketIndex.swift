import UnstuckModel

/// The sockets of one sample, by tuple and by identity, and who listens where.
struct SocketIndex: Sendable {
    let sockets: [TCPSocket]
    private let byTuple: HashIndex
    private let byIdentity: HashIndex
    /// Handshakes that are not complete at the server, by the server's tuple.
    private let pending: [FourTuple: [Int]]
    /// Positions of listeners.
    private let listeners: [Listener: [Int]]

    struct Listener: Hashable, Sendable {
        var netns: UInt32
        var port: UInt16

        init(_ socket: TCPSocket) {
            netns = socket.socket.netns
            port = socket.socket.tuple.local.port
        }
    }

    init(_ sockets: [TCPSocket]) {
        self.sockets = sockets
        byTuple = Self.byTuple(sockets)
        byIdentity = HashIndex(count: sockets.count) { sockets[$0].socket.identity.quickHash }
        pending = Dictionary(
            grouping: sockets.indices.lazy.filter { sockets[$0].isPending }, by: { sockets[$0].socket.tuple })
        listeners = Dictionary(
            grouping: sockets.indices.lazy.filter { sockets[$0].socket.state == .listen }, by: { Listener(sockets[$0]) }
        )
    }

    /// Connected sockets by their own view of the connection.
    static func byTuple(_ sockets: [TCPSocket]) -> HashIndex {
        HashIndex(count: sockets.count) { sockets[$0].isConnected ? sockets[$0].socket.tuple.quickHash : nil }
    }

    func connected(_ tuple: FourTuple) -> [TCPSocket] {
        byTuple.all(tuple.quickHash) { sockets[$0].socket.tuple == tuple }.map { sockets[$0] }
    }

    /// Positions of connected sockets whose own view of the connection is `tuple` and of which `isWanted` holds.
    func positions(_ tuple: FourTuple, where isWanted: (TCPSocket) -> Bool = { _ in true }) -> [Int] {
        byTuple.all(tuple.quickHash) { sockets[$0].socket.tuple == tuple && isWanted(sockets[$0]) }
    }

    func contains(_ tuple: FourTuple, where isWanted: (TCPSocket) -> Bool) -> Bool {
        byTuple.first(tuple.quickHash) { sockets[$0].socket.tuple == tuple && isWanted(sockets[$0]) } != nil
    }

    func position(_ identity: SocketIdentity) -> Int? {
        byIdentity.first(identity.quickHash) { sockets[$0].socket.identity == identity }
    }

    /// The server's side of handshakes that are not complete there.
    var pendingHandshakes: [TCPSocket] { pending.values.flatMap { $0 }.sorted().map { sockets[$0] } }

    /// The incomplete handshake of a connected client: the only one of its tuple, or the one in its own namespace.
    func pendingHandshake(of client: TCPSocket) -> TCPSocket? {
        let found = (pending[client.socket.tuple.reversed] ?? []).map { sockets[$0] }
        if found.count == 1, positions(client.socket.tuple).count == 1 { return found[0] }
        let near = found.filter { $0.socket.netns == client.socket.netns }
        return near.count == 1 ? near[0] : nil
    }

    func isListening(_ socket: TCPSocket) -> Bool { listeners[Listener(socket)] != nil }

    /// The listener that a server's socket came from, or another that has its port now.
    ///
    /// One that is bound to the address comes before one that is bound to all. `nil` also where several are alike
    /// (SO_REUSEPORT): which of them it belongs to is not known.
    func listener(for socket: TCPSocket) -> TCPSocket? {
        let all = (listeners[Listener(socket)] ?? []).map { sockets[$0] }
        let exact = all.filter { $0.socket.tuple.local.address == socket.socket.tuple.local.address }
        let candidates = exact.isEmpty ? all.filter { $0.socket.tuple.local.address.isUnspecified } : exact
        return candidates.count == 1 ? candidates[0] : nil
    }

    /// The other end of a connection, where it is on this node and beyond doubt.
    ///
    /// Tuples alone do not tell: the same loopback tuple lives in many pods. The sequence numbers do: what one end
    /// expects next lies where the other end sends, in both directions.
    func peer(of socket: TCPSocket) -> Int? {
        let tuple = socket.socket.tuple.reversed
        var only: Int?
        var near: Int?
        var count = (all: 0, near: 0)
        _ = byTuple.first(tuple.quickHash) { position in
            let other = sockets[position].socket
            guard other.tuple == tuple, other.identity != socket.socket.identity,
                socket.isJoined(to: sockets[position])
            else { return false }
            count.all += 1
            only = position
            if other.netns == socket.socket.netns {
                count.near += 1
                near = position
            }
            return false
        }
        if count.all > 1 { return count.near == 1 ? near : nil }
        // A loopback connection never leaves its namespace.
        if socket.socket.tuple.local.address.isLoopback, count.near == 0 { return nil }
        return only
    }

    /// As ``peer(of:)``; where sequence numbers are not known (INET_DIAG) the only two sockets of that tuple and its reverse
    /// are taken for the ends of one connection. To say which end holds bytes that is enough; nothing is changed by it.
    func otherEnd(of socket: TCPSocket) -> Int? {
        if let peer = peer(of: socket) { return peer }
        let others = positions(socket.socket.tuple.reversed) { $0.socket.identity != socket.socket.identity }
        guard let position = others.first, others.count == 1, positions(socket.socket.tuple).count == 1 else {
            return nil
        }
        let other = sockets[position]
        guard socket.sendNext == nil || other.sendNext == nil else { return nil }
        guard !socket.socket.tuple.local.address.isLoopback || other.socket.netns == socket.socket.netns else {
            return nil
        }
        return position
    }

    /// Whether a socket is the end that was connected to: a listener has its port, or the other end's has none and is
    /// not here, or (nobody listens any more) its port is the lower one.
    func isServer(_ socket: TCPSocket, peer: TCPSocket?) -> Bool {
        if isListening(socket) { return true }
        if let peer, isListening(peer) { return false }
        return socket.socket.tuple.local.port < socket.socket.tuple.remote.port
    }
}

extension TCPSocket {
    /// A handshake that is not complete at its server: a request socket (NEW_SYN_RECV), or SYN_RECV as INET_DIAG has it.
    var isPending: Bool {
        (socket.state == .newSynReceived || socket.state == .synReceived) && socket.tuple.isComplete
    }

    /// In a state in which bytes can still move.
    var isConnected: Bool {
        switch socket.state {
        case .established, .closeWait, .finWait1, .finWait2: socket.tuple.isComplete
        default: false
        }
    }

    /// How far two ends that were read a moment apart may have moved on: well above what a fast link carries between
    /// two passes, and small against the 32 bits of a sequence number.
    private static let slack: UInt32 = 1 << 26

    /// Whether the sequence numbers of the two sockets are those of one connection.
    func isJoined(to other: TCPSocket) -> Bool {
        func fits(_ sender: TCPSocket, _ receiver: TCPSocket) -> Bool {
            guard let expected = receiver.receiveNext, let next = sender.sendNext else { return false }
            let distance = Int32(bitPattern: expected &- next)
            return distance.magnitude <= Self.slack
        }
        return fits(self, other) && fits(other, self)
    }
}
