/// Every TCP socket of a node at one time, with its details and owners: what `unstuck sockets` shows. A ``Snapshot`` has more
/// kinds of evidence, and less of each socket.
public final class SocketSample: Sendable {
    /// Seconds since 1970 when it was begun.
    public let takenAt: Double
    /// `CLOCK_MONOTONIC` in seconds.
    public let monotonic: Double
    public let sockets: [TCPSocket]
    /// Of each socket, in the same order.
    public let details: [SocketDetails]
    /// Distinct handler sets; sockets refer to them by index.
    public let handlers: [Handlers]
    public let namespaces: [NetworkNamespace]
    public let owners: OwnerIndex
    public let missingEvidence: [MissingEvidence]
    private let pods: PodIndex
    private let names: [UInt32: String]

    /// - Precondition: as many details as sockets.
    public init(of snapshot: consuming Snapshot, details: consuming [SocketDetails], owners: OwnerIndex) {
        precondition(snapshot.sockets.count == details.count)
        var snapshot = snapshot
        takenAt = snapshot.takenAt
        monotonic = snapshot.monotonic
        pods = PodIndex(cgroups: snapshot.cgroups, pods: snapshot.pods, sockets: snapshot.sockets.lazy.map(\.socket))
        let named = snapshot.namespaces.compactMap { space in space.name.map { (space.inode, $0) } }
        names = Dictionary(named) { first, _ in first }
        handlers = snapshot.handlers
        namespaces = snapshot.namespaces
        missingEvidence = snapshot.coverage.reasons
        // Changed where they are: there may be a hundred thousand.
        for position in details.indices {
            if let state = details[position].substate { snapshot.sockets[position].socket.state = state }
        }
        sockets = snapshot.sockets
        self.details = details
        self.owners = owners
    }

    public func socket(_ position: Int) -> SocketView { SocketView(sample: self, position: position) }

    /// The pod of a socket: its cgroup's, else the one that has its address in its network namespace.
    func pod(of socket: KernelSocket) -> String? {
        pods.pod(of: socket) ?? pods.pod(at: socket.tuple.local.address, in: socket.netns)
    }

    func name(ofNamespace inode: UInt32) -> String? { names[inode] }
}

/// One socket of a sample.
public struct SocketView: FilteredSocket, Sendable {
    public let sample: SocketSample
    public let position: Int

    public var tcp: TCPSocket { sample.sockets[position] }
    public var details: SocketDetails { sample.details[position] }
    public var pod: String? { sample.pod(of: tcp.socket) }
    public var owners: [SocketOwner] { sample.owners.owners(of: tcp.socket.inode) }
    public var namespaceName: String? { sample.name(ofNamespace: tcp.socket.netns) }
    public var handlers: Handlers? {
        tcp.socket.handlers.flatMap { sample.handlers.indices.contains($0) ? sample.handlers[$0] : nil }
    }
}

/// Who holds which socket, by the socket's inode.
public struct OwnerIndex: Sendable {
    private let owners: [SocketOwner]
    private let byInode: HashIndex

    public init(_ owners: [SocketOwner]) {
        self.owners = owners
        byInode = HashIndex(count: owners.count) { Self.hash(owners[$0].inode) }
    }

    /// Every descriptor of every process that leads to it; none for inode 0: a socket without a file.
    public func owners(of inode: UInt64) -> [SocketOwner] {
        guard inode != 0 else { return [] }
        var found: [SocketOwner] = []
        forEachOwner(of: inode) { found.append($0) }
        return found
    }

    public func forEachOwner(of inode: UInt64, _ body: (SocketOwner) -> Void) {
        guard inode != 0 else { return }
        _ = byInode.first(Self.hash(inode)) { position in
            if owners[position].inode == inode { body(owners[position]) }
            return false
        }
    }

    private static func hash(_ inode: UInt64) -> UInt64 { (inode &* 0x9E37_79B9_7F4A_7C15) >> 20 }
}
