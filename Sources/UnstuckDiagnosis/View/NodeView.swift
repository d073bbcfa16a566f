import UnstuckModel

/// The newest sample of a node, indexed for the rules, with the earlier samples behind it.
public struct NodeView: Sendable {
    public private(set) var now: Snapshot
    let sockets: SocketIndex
    let connections: ConnectionIndex
    public let sockmaps: SockmapIndex
    let history: History
    public let pods: PodIndex
    let scope: MapScope?
    private var owners: [UInt64: [SocketOwner]]

    private var processes: [UInt32: ObservedProcess]
    private var counters: [UInt32: NamespaceCounters]
    private(set) var links: LinkIndex

    public typealias ClassifiedEntry = SockmapIndex.ClassifiedEntry

    /// - Parameters:
    ///   - looks: oldest first, of one boot; at least one.
    ///   - layout: how a map's keys are read.
    public init?(_ looks: [Snapshot], layout: (Sockmap) -> LayoutDecision = { LayoutDecision(for: $0) }) {
        guard let now = looks.last else { return nil }
        self.now = now
        let sockets = SocketIndex(now.sockets)
        self.sockets = sockets
        sockmaps = SockmapIndex(now) { map in
            layout(map).settled(for: map) { tuple in sockets.connected(tuple).contains { $0.socket.hasSocket } }
        }
        connections = ConnectionIndex(sockets)
        history = History(
            looks.dropLast().filter { $0.boot == now.boot && $0.host == now.host },
            hasWalkedKeys: !sockmaps.walked.isEmpty)
        owners = Dictionary(grouping: now.owners, by: \.inode)
        processes = Self.processes(now)
        counters = Self.counters(now)
        links = LinkIndex(now)
        pods = PodIndex(of: now)
        scope = now.selectedMaps.map { [sockmaps] _ in MapScope(sockmaps) }
    }

    /// Takes over evidence that was collected on demand, for the few sockets and namespaces that rules asked about.
    public mutating func learn(from look: Snapshot) {
        now.owners = look.owners
        now.coverage = look.coverage
        now.processes = look.processes
        now.counters = look.counters
        now.links = look.links
        now.neighbours = look.neighbours
        now.readable = look.readable
        now.kernelTrials = look.kernelTrials
        now.protection = look.protection
        now.programs = look.programs
        for index in now.sockmaps.indices where look.sockmaps.indices.contains(index) {
            now.sockmaps[index].users = look.sockmaps[index].users
        }
        links = LinkIndex(look)
        owners = Dictionary(grouping: look.owners, by: \.inode)
        processes = Self.processes(look)
        counters = Self.counters(look)
    }

    private static func processes(_ look: Snapshot) -> [UInt32: ObservedProcess] {
        Dictionary((look.processes ?? []).map { ($0.pid, $0) }) { first, _ in first }
    }

    private static func counters(_ look: Snapshot) -> [UInt32: NamespaceCounters] {
        Dictionary((look.counters ?? []).map { ($0.netns, $0) }) { first, _ in first }
    }

    // MARK: Sockets

    /// Connected sockets whose own view of the connection is `tuple`, in any namespace.
    public func connected(_ tuple: FourTuple) -> [TCPSocket] { sockets.connected(tuple) }

    /// As ``connected(_:)``, of all that an entry may have to do with: the sockets that a layout would store under one of
    /// these claims, whatever a claim names. Without a layout a claim names both ends.
    func connected(claiming claims: Set<FourTuple>, as layout: KeyLayout?) -> [FourTuple: [TCPSocket]] {
        guard let layout, layout.naming != .connection || layout.v6Placeholder != nil else {
            return claims.reduce(into: [:]) { result, claim in
                let found = connected(claim)
                if !found.isEmpty { result[claim] = found }
            }
        }
        var result: [FourTuple: [TCPSocket]] = [:]
        for socket in now.sockets where socket.isConnected {
            for claim in layout.claims(naming: socket.socket.tuple) where claims.contains(claim) {
                result[claim, default: []].append(socket)
            }
        }
        return result
    }

    public func socket(_ identity: SocketIdentity) -> TCPSocket? { sockets.position(identity).map { now.sockets[$0] } }

    /// The other end of a connection, where it is on this node and beyond doubt.
    public func peer(of socket: TCPSocket) -> TCPSocket? { connections.peer(of: socket) }

    /// The connected sockets whose peer shares its tuple with an entry of another socket: all others send to whom they
    /// should. In the order of the look.
    public var sendersPastTheirPeer: [TCPSocket] {
        var positions = Set<Int>()
        for entry in sockmaps.entries where entry.isOfConnections {
            guard let claim = entry.claim else { continue }
            let socket = entry.entry.socket.identity
            guard sockets.contains(claim, where: { !$0.socket.identity.mayBe(socket) }) else { continue }
            positions.formUnion(sockets.positions(claim.reversed))
        }
        return positions.sorted().map { now.sockets[$0] }
    }

    // MARK: Entries

    /// A live connection in the socket's own namespace that claims the same tuple as an entry, and is not the
    /// entry's socket. The same loopback tuple in another pod is another connection; whether it is misdirected to
    /// this entry is for ``MisdirectedRule`` to prove.
    public func claimant(of entry: ClassifiedEntry) -> TCPSocket? {
        guard let claim = entry.claim, entry.entry.isStable, entry.isOfConnections else { return nil }
        let socket = entry.entry.socket
        return connected(claim).first {
            !$0.socket.identity.mayBe(socket.identity) && $0.socket.netns == socket.netns
        }
    }

    /// As ``Diagnosis/secondsBetweenSamples``.
    public static let secondsBetweenSightings = Diagnosis.secondsBetweenSamples

    /// Seconds for which the same socket has been seen dead in this entry; `nil`: not seen before.
    public func secondsSeenDead(_ entry: ClassifiedEntry) -> Double? {
        history.seenDead(entry).map { now.monotonic - $0 }
    }

    /// Seconds for which a walked key has named no socket, in every sample since; `nil`: it was not looked for before.
    public func secondsUnseen(_ key: ClassifiedKey) -> Double? { history.unseen(key).map { now.monotonic - $0 } }

    /// Entries of either end. The same tuple in another network namespace is another connection, with entries of its own.
    func entries(of connection: Connection) -> [EntryReference] {
        let namespaces = Set(connection.ends.map(\.socket.netns))
        return now.sockmaps.flatMap { map in
            [connection.tuple, connection.tuple.reversed]
                .flatMap { sockmaps.entries(in: map.id, claiming: $0) }
                .filter { namespaces.contains($0.entry.socket.netns) }.map(\.reference)
        }
    }

    /// Maps with an entry that leads to this socket.
    func maps(holding socket: KernelSocket) -> [Sockmap] {
        now.sockmaps.filter { map in map.entries.contains { $0.socket.identity.mayBe(socket.identity) } }
    }

    // MARK: What is asked about

    /// Whether a socket's connection is asked about: all are, or those of the chosen maps.
    func isInScope(_ socket: KernelSocket) -> Bool { scope?.holds(socket) ?? true }

    func isInScope(_ connection: Connection) -> Bool { connection.ends.contains { isInScope($0.socket) } }

    // MARK: Names

    public func owners(of socket: KernelSocket) -> [SocketOwner] { socket.inode == 0 ? [] : owners[socket.inode] ?? [] }

    /// Who holds a socket, with what each of these does, as far as that was asked and seen.
    func processes(of socket: KernelSocket) -> [(owner: SocketOwner, process: ObservedProcess)] {
        owners(of: socket).compactMap { owner in processes[UInt32(bitPattern: owner.pid)].map { (owner, $0) } }
    }

    /// What was added to a counter of a network namespace since the first sample that has it; `nil`: not known.
    func delta(_ counter: String, in netns: UInt32) -> UInt64? {
        guard let now = counters[netns],
            let before = history.samples.lazy.compactMap({ $0.counters?.first { $0.netns == netns } }).first
        else { return nil }
        guard let value = now[counter], let earlier = before[counter], earlier <= value else { return nil }
        return value - earlier
    }

    /// A counter of a network namespace, since that was made.
    func counter(_ name: String, in netns: UInt32) -> UInt64? { counters[netns]?[name] }

    public func pod(of socket: KernelSocket) -> String? { pods.pod(of: socket) }

    public func pod(of entry: ClassifiedEntry) -> String? { pods.pod(of: entry.entry, claim: entry.claim) }

    /// The pod that has an address.
    public func pod(at address: IPAddress) -> String? { pods.pod(at: address) }

    public func handlers(of socket: KernelSocket) -> Handlers? {
        socket.handlers.flatMap { now.handlers.indices.contains($0) ? now.handlers[$0] : nil }
    }
}
