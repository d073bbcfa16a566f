import UnstuckModel

/// One connection of a view: both ends where both are on this node, else the one that is.
struct Connection {
    var ends: [TCPSocket]
    /// As its client sees it.
    var tuple: FourTuple

    /// - Parameter socket: one of its ends.
    init(of socket: TCPSocket, in view: NodeView) {
        let peer = view.otherEnd(of: socket)
        let isServer = view.isServer(socket, peer: peer)
        let pair = isServer ? [peer, socket] : [socket, peer]
        ends = pair.compactMap { $0 }
        tuple = isServer ? socket.socket.tuple.reversed : socket.socket.tuple
    }

    func side(of end: TCPSocket) -> StuckConnection.Side { end.socket.tuple == tuple ? .client : .server }
}

extension NodeView {
    /// As ``peer(of:)``; where sequence numbers are not known (INET_DIAG) the only two sockets of that tuple and its reverse
    /// are taken for the ends of one connection. To say which end holds bytes that is enough; nothing is changed by it.
    func otherEnd(of socket: TCPSocket) -> TCPSocket? {
        if let peer = peer(of: socket) { return peer }
        let others = connected(socket.socket.tuple.reversed).filter { $0.socket.identity != socket.socket.identity }
        guard let other = others.first, others.count == 1, connected(socket.socket.tuple).count == 1 else { return nil }
        guard socket.sendNext == nil || other.sendNext == nil else { return nil }
        guard !socket.socket.tuple.local.address.isLoopback || other.socket.netns == socket.socket.netns else {
            return nil
        }
        return other
    }

    /// Whether a socket is the end that was connected to: a listener has its port, or the other end's has none and is
    /// not here, or (nobody listens any more) its port is the lower one.
    func isServer(_ socket: TCPSocket, peer: TCPSocket?) -> Bool {
        if isListening(socket) { return true }
        if let peer, isListening(peer) { return false }
        return socket.socket.tuple.local.port < socket.socket.tuple.remote.port
    }

    private func isListening(_ socket: TCPSocket) -> Bool {
        listeners.contains(Listener(socket))
    }

    /// Connections in the tables, each once, of those that are asked about.
    func countConnections() -> Int {
        let sockets = now.sockets
        var count = 0
        for position in sockets.indices where sockets[position].isConnected && isInScope(sockets[position].socket) {
            let reversed = sockets[position].socket.tuple.reversed
            // Counted with its other end, which came first in the table.
            let first = socketsByTuple.first(reversed.quickHash) { other in
                other < position && sockets[other].socket.tuple == reversed
                    && sockets[other].mayBeJoined(to: sockets[position]) && isInScope(sockets[other].socket)
            }
            if first == nil { count += 1 }
        }
        return count
    }
}

extension TCPSocket {
    /// As ``isJoined(to:)``, where sequence numbers are known.
    fileprivate func mayBeJoined(to other: TCPSocket) -> Bool {
        guard !socket.tuple.local.address.isLoopback || socket.netns == other.socket.netns else { return false }
        return sendNext == nil || other.sendNext == nil || isJoined(to: other)
    }
}

extension NodeView {
    struct Listener: Hashable, Sendable {
        var netns: UInt32
        var port: UInt16

        init(_ socket: TCPSocket) { self.init(netns: socket.socket.netns, port: socket.socket.tuple.local.port) }

        init(netns: UInt32, port: UInt16) {
            self.netns = netns
            self.port = port
        }
    }

    /// Whether a socket's connection is asked about: all are, or those of the chosen maps.
    func isInScope(_ socket: KernelSocket) -> Bool { scope?.holds(socket) ?? true }

    func isInScope(_ connection: Connection) -> Bool { connection.ends.contains { isInScope($0.socket) } }

    /// Entries of either end.
    func entries(of connection: Connection) -> [EntryReference] {
        now.sockmaps.flatMap { map in
            [connection.tuple, connection.tuple.reversed].flatMap { entries(in: map.id, claiming: $0) }
                .map(\.reference)
        }
    }
}

/// Sockets that have to do with the maps that were chosen (`--map`): those behind an entry, and those that a key names.
struct MapScope: Sendable {
    private var claims = Set<FourTuple>()
    private var inodes = Set<UInt64>()

    init(entries: [NodeView.ClassifiedEntry], walked: [ClassifiedKey]) {
        for entry in entries {
            if let claim = entry.claim { claims.insert(claim) }
            if entry.entry.resident.inode != 0 { inodes.insert(entry.entry.resident.inode) }
        }
        for key in walked { if let claim = key.claim { claims.insert(claim) } }
    }

    func holds(_ socket: KernelSocket) -> Bool {
        inodes.contains(socket.inode) || claims.contains(socket.tuple) || claims.contains(socket.tuple.reversed)
    }
}
