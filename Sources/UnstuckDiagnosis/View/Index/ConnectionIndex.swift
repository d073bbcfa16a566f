import UnstuckModel

/// The connections of one sample, each joined once, for all rules: both ends where both are on this node, else the one that is.
struct ConnectionIndex: Sendable {
    private let sockets: SocketIndex
    /// By position of a socket, the position of its other end; -1: none that is known.
    private let others: [Int32]

    init(_ sockets: SocketIndex) {
        self.sockets = sockets
        others = sockets.sockets.map { socket in
            socket.isConnected ? sockets.otherEnd(of: socket).map(Int32.init) ?? -1 : -1
        }
    }

    /// The other end of the socket at a position.
    func other(_ position: Int) -> TCPSocket? {
        others[position] < 0 ? nil : sockets.sockets[Int(others[position])]
    }

    /// As ``other(_:)``, its position.
    func otherPosition(_ position: Int) -> Int? { others[position] < 0 ? nil : Int(others[position]) }

    /// As ``other(_:)``, where sequence numbers prove it.
    func peer(of socket: TCPSocket) -> TCPSocket? {
        guard let position = sockets.position(socket.socket.identity), let other = other(position),
            sockets.sockets[position].isJoined(to: other)
        else { return nil }
        return other
    }

    /// The connection of the socket at a position.
    func connection(_ position: Int) -> Connection {
        let socket = sockets.sockets[position]
        let peer = other(position)
        let isServer = sockets.isServer(socket, peer: peer)
        return Connection(
            ends: (isServer ? [peer, socket] : [socket, peer]).compactMap { $0 },
            tuple: isServer ? socket.socket.tuple.reversed : socket.socket.tuple)
    }

    /// The connection that a socket is an end of; `nil`: it is in no table.
    func connection(of socket: SocketIdentity) -> Connection? { sockets.position(socket).map(connection) }

    /// Connections, each once, of which `isWanted` holds for one end at least.
    func count(where isWanted: (KernelSocket) -> Bool) -> Int {
        var count = 0
        for (position, socket) in sockets.sockets.enumerated() where socket.isConnected && isWanted(socket.socket) {
            // Counted with its other end, which came first in the table.
            if let other = other(position), others[position] < position, isWanted(other.socket),
                others[Int(others[position])] == position
            {
                continue
            }
            count += 1
        }
        return count
    }
}

/// One connection: its ends on this node, the client's first.
struct Connection {
    var ends: [TCPSocket]
    /// As its client sees it.
    var tuple: FourTuple

    func side(of end: TCPSocket) -> StuckConnection.Side { end.socket.tuple == tuple ? .client : .server }

    func end(_ side: StuckConnection.Side) -> TCPSocket? { ends.first { self.side(of: $0) == side } }
}
