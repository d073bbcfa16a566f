import UnstuckModel

/// A row of `unstuck sockets`: a connection by those of its ends that are on this node, or a listener.
public struct SocketRow: Sendable {
    /// Positions in the sample's sockets; -1: that end is not here. A listener is a server without a client.
    private let clientPosition: Int32
    private let serverPosition: Int32

    fileprivate init(client: Int?, server: Int?) {
        clientPosition = client.map(Int32.init) ?? -1
        serverPosition = server.map(Int32.init) ?? -1
    }

    /// Position of the end that connected.
    public var client: Int? { clientPosition < 0 ? nil : Int(clientPosition) }
    /// Position of the end that was connected to.
    public var server: Int? { serverPosition < 0 ? nil : Int(serverPosition) }
    public var ends: [Int] { [client, server].compactMap { $0 } }

    /// The connection as its client sees it.
    public func tuple(in sample: SocketSample) -> FourTuple {
        if let client { return sample.sockets[client].socket.tuple }
        let tuple = server.map { sample.sockets[$0].socket.tuple }
        return (tuple ?? FourTuple(local: Endpoint(IPAddress(v4: 0), 0), remote: Endpoint(IPAddress(v4: 0), 0)))
            .reversed
    }
}

/// The rows of a sample, each connection once, in no particular order.
public func socketRows(of sample: SocketSample) -> [SocketRow] {
    let index = SocketIndex(sample.sockets)
    let connections = ConnectionIndex(index)
    var other = [Int32](repeating: -1, count: sample.sockets.count)
    for position in sample.sockets.indices where sample.sockets[position].isConnected {
        // Where both find each other.
        if let found = connections.otherPosition(position), connections.otherPosition(found) == position {
            other[position] = Int32(found)
        }
    }
    joinTheRest(sample.sockets, &other)
    var rows: [SocketRow] = []
    rows.reserveCapacity(sample.sockets.count)
    for (position, socket) in sample.sockets.enumerated() {
        if socket.socket.state == .listen {
            rows.append(SocketRow(client: nil, server: position))
            continue
        }
        let peer = other[position] < 0 ? nil : Int(other[position])
        if let peer, peer < position { continue }
        let isServer = index.isServer(socket, peer: peer.map { sample.sockets[$0] })
        rows.append(isServer ? SocketRow(client: peer, server: position) : SocketRow(client: position, server: peer))
    }
    return rows
}

/// Ends that are not established, and have no sequence numbers that could be compared (a handshake that is not complete, a
/// connection that closes): joined where the reversed tuple is there once, in the same namespace or in one alone.
private func joinTheRest(_ sockets: [TCPSocket], _ other: inout [Int32]) {
    func isLeft(_ position: Int) -> Bool {
        let socket = sockets[position].socket
        return other[position] < 0 && socket.tuple.isComplete
            && ![.listen, .timeWait, .close].contains(socket.state)
    }
    let left = sockets.indices.filter(isLeft)
    guard left.count > 1 else { return }
    let byTuple = HashIndex(count: left.count) { sockets[left[$0]].socket.tuple.quickHash }
    func candidate(_ position: Int) -> Int? {
        let socket = sockets[position].socket
        let wanted = socket.tuple.reversed
        let found = byTuple.all(wanted.quickHash) {
            sockets[left[$0]].socket.tuple == wanted && left[$0] != position
        }.map { left[$0] }
        let near = found.filter { sockets[$0].socket.netns == socket.netns }
        if near.count == 1 { return near[0] }
        return found.count == 1 && !socket.tuple.local.address.isLoopback ? found[0] : nil
    }
    for position in left {
        guard other[position] < 0, let found = candidate(position), candidate(found) == position,
            // Two that are established and were not joined before contradict each other.
            !(sockets[position].isConnected && sockets[found].isConnected)
        else { continue }
        other[position] = Int32(found)
        other[found] = Int32(position)
    }
}
