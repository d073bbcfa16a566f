import UnstuckModel

/// The newest look at a node, indexed for the rules, with the earlier looks behind it.
public struct NodeView: Sendable {
    public let now: Snapshot
    /// One decision a map, by id.
    public let layouts: [UInt32: LayoutDecision]
    /// Every entry with what it is.
    public let entries: [JudgedEntry]
    /// The same of maps whose keys were walked, for want of an iterator: no resident is known of these.
    public let walked: [JudgedKey]

    private let entriesByClaim: [UInt32: [FourTuple: [Int]]]
    private let entriesByReference: [EntryReference: Int]
    private let socketsByTuple: [FourTuple: [Int]]
    private let socketsByIdentity: [SocketIdentity: Int]
    private let programs: [UInt32: BPFProgram]
    private let owners: [UInt64: [SocketOwner]]
    private let unseenBefore: [UInt32: [SockmapKey: JudgedKey.Unseen]]
    public let pods: PodIndex
    private let seenDeadBefore: [UInt32: [SockmapKey: SeenDead]]

    private struct SeenDead: Sendable {
        var identity: SocketIdentity
        var monotonic: Double
    }

    /// A map's entry with its judgement.
    public struct JudgedEntry: Sendable {
        public var map: Sockmap
        public var entry: SockmapEntry
        public var claim: FourTuple?
        public var state: EntryState

        public var reference: EntryReference {
            EntryReference(map: map.id, key: entry.key, resident: entry.resident.identity)
        }
    }

    /// - Parameters:
    ///   - looks: oldest first, of one boot; at least one.
    ///   - layout: how a map's keys are read.
    public init?(_ looks: [Snapshot], layout: (Sockmap) -> LayoutDecision = { LayoutDecision(for: $0) }) {
        guard let now = looks.last else { return nil }
        self.now = now
        var layouts: [UInt32: LayoutDecision] = [:]
        var entries: [JudgedEntry] = []
        var byClaim: [UInt32: [FourTuple: [Int]]] = [:]
        for map in now.sockmaps where map.walk == nil {
            let decision = layout(map)
            layouts[map.id] = decision
            var bare = map
            bare.entries = []
            for entry in map.entries {
                let (claim, state) = decision.judge(entry)
                if let claim { byClaim[map.id, default: [:]][claim, default: []].append(entries.count) }
                entries.append(JudgedEntry(map: bare, entry: entry, claim: claim, state: state))
            }
        }
        let keys = JudgedKey.judge(now)
        for (map, decision) in keys.layouts { layouts[map] = decision }
        walked = keys.judged
        unseenBefore = keys.judged.isEmpty ? [:] : JudgedKey.unseen(in: looks.dropLast().filter { $0.boot == now.boot })
        self.layouts = layouts
        self.entries = entries
        entriesByClaim = byClaim
        entriesByReference = Dictionary(entries.indices.map { (entries[$0].reference, $0) }) { first, _ in first }

        var byTuple: [FourTuple: [Int]] = [:]
        var byIdentity: [SocketIdentity: Int] = [:]
        for (index, socket) in now.sockets.enumerated() {
            byIdentity[socket.socket.identity] = index
            if socket.isConnected { byTuple[socket.socket.tuple, default: []].append(index) }
        }
        socketsByTuple = byTuple
        socketsByIdentity = byIdentity
        programs = Dictionary(now.programs.map { ($0.id, $0) }) { first, _ in first }
        owners = Dictionary(grouping: now.owners, by: \.inode)
        pods = PodIndex(
            cgroups: now.cgroups, pods: now.pods,
            sockets: now.sockets.lazy.map(\.socket) + now.sockmaps.flatMap { $0.entries.map(\.resident) })
        seenDeadBefore = Self.seenDead(in: looks.dropLast().filter { $0.boot == now.boot })
    }

    // MARK: Sockets

    /// Connected sockets whose own view of the connection is `tuple`, in any namespace.
    public func connected(_ tuple: FourTuple) -> [TCPSocket] { (socketsByTuple[tuple] ?? []).map { now.sockets[$0] } }

    public func socket(_ identity: SocketIdentity) -> TCPSocket? { socketsByIdentity[identity].map { now.sockets[$0] } }

    /// The other end of a connection, where it is on this node and beyond doubt.
    ///
    /// Tuples alone do not tell: the same loopback tuple lives in many pods. The sequence numbers do: what one end
    /// expects next lies where the other end sends, in both directions.
    public func peer(of socket: TCPSocket) -> TCPSocket? {
        let candidates = connected(socket.socket.tuple.reversed).filter { candidate in
            candidate.socket.identity != socket.socket.identity && socket.isJoined(to: candidate)
        }
        if candidates.count > 1 {
            let near = candidates.filter { $0.socket.netns == socket.socket.netns }
            return near.count == 1 ? near.first : nil
        }
        guard let only = candidates.first else { return nil }
        // A loopback connection never leaves its namespace.
        if socket.socket.tuple.local.address.isLoopback, only.socket.netns != socket.socket.netns { return nil }
        return only
    }

    // MARK: Entries

    /// The entries of a map whose keys name `tuple`: one, or two where an accelerator wrote its keys in two ways, or
    /// more where its keys name one end only.
    public func entries(in map: UInt32, claiming tuple: FourTuple) -> [JudgedEntry] {
        (layouts[map]?.layout?.claims(naming: tuple) ?? []).flatMap { claim in
            (entriesByClaim[map]?[claim] ?? []).map { entries[$0] }
        }
    }

    /// Whether a map's keys name connections and nothing else, so that a connection that finds another socket under its
    /// key is proven to be misdirected.
    public func namesConnections(_ map: UInt32) -> Bool { layouts[map]?.layout?.naming == .connection }

    public func entry(_ reference: EntryReference) -> JudgedEntry? { entriesByReference[reference].map { entries[$0] } }

    /// A live connection in the resident's own namespace that claims the same tuple as an entry, and is not the
    /// entry's resident. The same loopback tuple in another pod is another connection; whether it is misdirected to
    /// this entry is for ``MisdirectedRule`` to prove.
    public func claimant(of entry: JudgedEntry) -> TCPSocket? {
        guard let claim = entry.claim, entry.entry.isStable, namesConnections(entry.map.id) else { return nil }
        let resident = entry.entry.resident
        return connected(claim).first {
            $0.socket.identity != resident.identity && $0.socket.netns == resident.netns
        }
    }

    /// Shortest time between two looks that makes a dead-looking entry a finding: a socket of a healthy kernel passes
    /// through CLOSE + SOCK_DEAD too, for microseconds, and an application needs a moment to close a reset connection.
    public static let secondsBetweenSightings = 2.0

    /// Seconds for which the same socket has been seen dead in this entry; `nil`: not seen before.
    public func secondsSeenDead(_ entry: JudgedEntry) -> Double? {
        guard let before = seenDeadBefore[entry.map.id]?[entry.entry.key],
            before.identity == entry.entry.resident.identity
        else { return nil }
        return now.monotonic - before.monotonic
    }

    /// What sits where `reference` says, in a walked map.
    public func walked(_ reference: EntryReference) -> WalkedEntry? {
        walked.first { $0.map.id == reference.map && $0.entry.key == reference.key }?.entry
    }

    /// Seconds for which a walked key has named no socket, in every look since; `nil`: it was not looked for before.
    public func secondsUnseen(_ key: JudgedKey) -> Double? {
        guard let before = unseenBefore[key.map.id]?[key.entry.key], before.cookie == key.entry.cookie else {
            return nil
        }
        return now.monotonic - before.monotonic
    }

    // MARK: Names

    /// Sockmaps that a socket's sends are looked up in: psock → msg program → the program's maps.
    public func redirectMaps(of socket: KernelSocket) -> (program: BPFProgram, maps: [Sockmap])? {
        guard let id = socket.psock?.msgProgram, let program = programs[id] else { return nil }
        return (program, now.sockmaps.filter { program.maps.contains($0.id) })
    }

    public func owners(of socket: KernelSocket) -> [SocketOwner] { socket.inode == 0 ? [] : owners[socket.inode] ?? [] }

    public func pod(of socket: KernelSocket) -> String? { pods.pod(of: socket) }

    public func pod(of entry: JudgedEntry) -> String? { pods.pod(of: entry.entry, claim: entry.claim) }

    /// The pod that has an address.
    public func pod(at address: IPAddress) -> String? { pods.pod(at: address) }

    public func handlers(of socket: KernelSocket) -> Handlers? {
        socket.handlers.flatMap { now.handlers.indices.contains($0) ? now.handlers[$0] : nil }
    }

    private static func seenDead(in looks: [Snapshot]) -> [UInt32: [SockmapKey: SeenDead]] {
        var result: [UInt32: [SockmapKey: SeenDead]] = [:]
        for look in looks {
            for map in look.sockmaps {
                for entry in map.entries {
                    let isDead = entry.resident.residentState.isDead
                    if isDead, result[map.id]?[entry.key]?.identity == entry.resident.identity {
                        continue  // keep the earliest sighting
                    }
                    // Another socket, or one that lives: what was seen before counts no more.
                    result[map.id, default: [:]][entry.key] =
                        isDead ? SeenDead(identity: entry.resident.identity, monotonic: look.monotonic) : nil
                }
            }
        }
        return result
    }
}

extension TCPSocket {
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
