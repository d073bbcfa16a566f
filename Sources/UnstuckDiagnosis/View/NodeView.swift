import UnstuckModel

/// The newest look at a node, indexed for the rules, with the earlier looks behind it.
public struct NodeView: Sendable {
    public private(set) var now: Snapshot
    /// One decision a map, by id.
    public let layouts: [UInt32: LayoutDecision]
    /// Every entry with what it is, map after map.
    public let entries: [ClassifiedEntry]
    /// The same of maps whose keys were walked, for want of an iterator: no resident is known of these.
    public let walked: [ClassifiedKey]

    private let maps: [UInt32: ClassifiedMap]
    private let entriesByClaim: HashIndex
    private let entriesByKey: HashIndex
    let socketsByTuple: HashIndex
    private let socketsByIdentity: HashIndex
    private let redirects: [UInt32: Redirect]
    private var owners: [UInt64: [SocketOwner]]
    public let pods: PodIndex
    private let unseenBefore: [UInt32: [SockmapKey: ClassifiedKey.Unseen]]
    private let seenDeadBefore: [UInt32: [SockmapKey: SeenDead]]
    /// Earlier samples of the same boot, oldest first.
    let earlier: [Snapshot]
    /// Their connected sockets, by tuple.
    let earlierSockets: [HashIndex]
    let listeners: Set<Listener>
    let scope: MapScope?

    private struct SeenDead: Sendable {
        var identity: SocketIdentity
        var monotonic: Double
    }

    /// Where a msg program looks up the sockets that it redirects to.
    public struct Redirect: Sendable {
        public let program: BPFProgram
        public let maps: [ClassifiedMap]
    }

    /// A map, and how its keys were understood. Shared by all of its entries, which so need no copies.
    public final class ClassifiedMap: Sendable {
        public let map: Sockmap
        public let layout: LayoutDecision
        /// As ``LayoutDecision/namesConnections``.
        public let namesConnections: Bool
        fileprivate let places: Range<Int>

        fileprivate init(_ map: Sockmap, _ layout: LayoutDecision, places: Range<Int>) {
            self.map = map
            self.layout = layout
            self.places = places
            namesConnections = layout.namesConnections
        }
    }

    /// A map's entry with its judgement.
    public struct ClassifiedEntry: Sendable {
        fileprivate let home: ClassifiedMap
        fileprivate let position: Int
        public let claim: FourTuple?
        public let state: EntryState

        public var map: Sockmap { home.map }
        public var entry: SockmapEntry { home.map.entries[position] }

        public var reference: EntryReference {
            EntryReference(map: home.map.id, key: entry.key, resident: entry.resident.identity)
        }
    }

    /// - Parameters:
    ///   - looks: oldest first, of one boot; at least one.
    ///   - layout: how a map's keys are read.
    public init?(_ looks: [Snapshot], layout: (Sockmap) -> LayoutDecision = { LayoutDecision(for: $0) }) {
        guard let now = looks.last else { return nil }
        self.now = now
        var layouts: [UInt32: LayoutDecision] = [:]
        var maps: [UInt32: ClassifiedMap] = [:]
        var entries: [ClassifiedEntry] = []
        entries.reserveCapacity(now.sockmaps.reduce(0) { $0 + $1.entries.count })
        for map in now.sockmaps where map.walk == nil {
            let decision = layout(map)
            layouts[map.id] = decision
            let places = entries.count..<entries.count + map.entries.count
            let home = ClassifiedMap(map, decision, places: places)
            maps[map.id] = home
            for position in map.entries.indices {
                let (claim, state) = decision.classify(map.entries[position])
                entries.append(ClassifiedEntry(home: home, position: position, claim: claim, state: state))
            }
        }
        let earlier = looks.dropLast().filter { $0.boot == now.boot }
        self.earlier = earlier
        let keys = ClassifiedKey.classify(now)
        for (map, decision) in keys.layouts { layouts[map] = decision }
        walked = keys.judged
        unseenBefore = keys.judged.isEmpty ? [:] : ClassifiedKey.unseen(in: earlier)
        self.layouts = layouts
        self.entries = entries
        self.maps = maps
        entriesByClaim = HashIndex(count: entries.count) { entries[$0].claim?.quickHash }
        entriesByKey = HashIndex(count: entries.count) { entries[$0].entry.key.quickHash }

        let sockets = now.sockets
        socketsByTuple = HashIndex(count: sockets.count) {
            sockets[$0].isConnected ? sockets[$0].socket.tuple.quickHash : nil
        }
        socketsByIdentity = HashIndex(count: sockets.count) { sockets[$0].socket.identity.quickHash }
        redirects = Dictionary(
            now.programs.map { program in
                (
                    program.id,
                    Redirect(
                        program: program,
                        maps: now.sockmaps.compactMap { program.maps.contains($0.id) ? maps[$0.id] : nil })
                )
            }
        ) { first, _ in first }
        owners = Dictionary(grouping: now.owners, by: \.inode)
        pods = PodIndex(of: now)
        seenDeadBefore = Self.seenDead(in: earlier)
        earlierSockets = Self.index(earlier)
        listeners = Set(sockets.lazy.filter { $0.socket.state == .listen }.map(Listener.init))
        scope = now.selectedMaps.map { _ in MapScope(entries: entries, walked: keys.judged) }
    }

    /// Takes over evidence that was collected on demand, for the few sockets and namespaces that rules asked about.
    public mutating func learn(from look: Snapshot) {
        now.owners = look.owners
        now.shortfalls = look.shortfalls
        owners = Dictionary(grouping: look.owners, by: \.inode)
    }

    /// Sockets, and sockets behind entries, with these inodes: each once.
    public func sockets(withInodes inodes: Set<UInt64>) -> [KernelSocket] {
        guard !inodes.isEmpty else { return [] }
        var left = inodes
        var found: [KernelSocket] = []
        func consider(_ socket: KernelSocket) { if left.remove(socket.inode) != nil { found.append(socket) } }
        for entry in entries { consider(entry.entry.resident) }
        for socket in now.sockets { consider(socket.socket) }
        return found
    }

    // MARK: Sockets

    /// Connected sockets whose own view of the connection is `tuple`, in any namespace.
    public func connected(_ tuple: FourTuple) -> [TCPSocket] {
        socketsByTuple.all(tuple.quickHash) { isConnected($0, tuple) }.map { now.sockets[$0] }
    }

    /// As ``connected(_:)``, of all that an entry may have to do with: the sockets that a layout would file under one of these
    /// claims, whatever a claim names. Without a layout a claim names both ends.
    func connected(claiming claims: Set<FourTuple>, as layout: KeyLayout?) -> [FourTuple: [TCPSocket]] {
        guard let layout, layout.naming != .connection || layout.v6StandIn != nil else {
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

    private func isConnected(_ position: Int, _ tuple: FourTuple) -> Bool {
        now.sockets[position].socket.tuple == tuple
    }

    public func socket(_ identity: SocketIdentity) -> TCPSocket? {
        socketsByIdentity.first(identity.quickHash) { now.sockets[$0].socket.identity == identity }
            .map { now.sockets[$0] }
    }

    /// The other end of a connection, where it is on this node and beyond doubt.
    ///
    /// Tuples alone do not tell: the same loopback tuple lives in many pods. The sequence numbers do: what one end
    /// expects next lies where the other end sends, in both directions.
    public func peer(of socket: TCPSocket) -> TCPSocket? {
        let tuple = socket.socket.tuple.reversed
        var only: Int?
        var near: Int?
        var count = (all: 0, near: 0)
        _ = socketsByTuple.first(tuple.quickHash) { position in
            guard isConnected(position, tuple),
                now.sockets[position].socket.identity != socket.socket.identity,
                socket.isJoined(to: now.sockets[position])
            else { return false }
            count.all += 1
            only = position
            if now.sockets[position].socket.netns == socket.socket.netns {
                count.near += 1
                near = position
            }
            return false
        }
        if count.all > 1 { return count.near == 1 ? near.map { now.sockets[$0] } : nil }
        guard let only else { return nil }
        // A loopback connection never leaves its namespace.
        if socket.socket.tuple.local.address.isLoopback, count.near == 0 { return nil }
        return now.sockets[only]
    }

    /// The connected sockets whose peer shares its tuple with an entry of another resident: all others send to whom they
    /// should. In the order of the look.
    public var sendersPastTheirPeer: [TCPSocket] {
        var positions = Set<Int>()
        for entry in entries where entry.home.namesConnections {
            guard let claim = entry.claim else { continue }
            let resident = entry.entry.resident.identity
            let isShared = socketsByTuple.first(claim.quickHash) {
                isConnected($0, claim) && !now.sockets[$0].socket.identity.mayBe(resident)
            }
            guard isShared != nil else { continue }
            let sender = claim.reversed
            positions.formUnion(socketsByTuple.all(sender.quickHash) { isConnected($0, sender) })
        }
        return positions.sorted().map { now.sockets[$0] }
    }

    // MARK: Entries

    /// The entries of one map.
    public func entries(of map: UInt32) -> ArraySlice<ClassifiedEntry> { entries[maps[map]?.places ?? 0..<0] }

    /// The entries of a map whose keys name `tuple`: one, or two where an accelerator wrote its keys in two ways, or
    /// more where its keys name one end only.
    public func entries(in map: UInt32, claiming tuple: FourTuple) -> [ClassifiedEntry] {
        guard let map = maps[map] else { return [] }
        return (map.layout.layout?.claims(naming: tuple) ?? []).flatMap { claim in
            entriesByClaim.all(claim.quickHash) { map.places.contains($0) && entries[$0].claim == claim }
                .map { entries[$0] }
        }
    }

    /// Whether a map's keys were walked, so that nobody sees who sits behind them.
    func isWalked(_ map: UInt32) -> Bool { now.sockmaps.contains { $0.id == map && $0.walk != nil } }

    /// Whether somebody sits under a key.
    func holds(_ key: SockmapKey, in map: UInt32) -> Bool {
        let places = maps[map]?.places ?? 0..<0
        return entriesByKey.first(key.quickHash) { places.contains($0) && entries[$0].entry.key == key } != nil
            || walked.contains { $0.map.id == map && $0.entry.key == key }
    }

    /// Whether a map's keys name connections and nothing else.
    public func namesConnections(_ map: UInt32) -> Bool { layouts[map]?.namesConnections ?? false }

    /// The states of a map's entries, walked ones included.
    public func states(in map: UInt32) -> [EntryState] {
        entries(of: map).map(\.state) + walked.filter { $0.map.id == map }.map(\.state)
    }

    /// Whether a map whose keys name connections has a socket under its own tuple.
    public func isFiled(_ socket: KernelSocket, in map: ClassifiedMap) -> Bool {
        entriesByClaim.first(socket.tuple.quickHash) {
            map.places.contains($0) && entries[$0].entry.resident.identity.mayBe(socket.identity)
                && entries[$0].claim == socket.tuple
        } != nil
    }

    public func entry(_ reference: EntryReference) -> ClassifiedEntry? {
        guard let places = maps[reference.map]?.places else { return nil }
        return entriesByKey.first(reference.key.quickHash) { position in
            places.contains(position) && entries[position].entry.key == reference.key
                && entries[position].entry.resident.identity == reference.resident
        }.map { entries[$0] }
    }

    /// A live connection in the resident's own namespace that claims the same tuple as an entry, and is not the
    /// entry's resident. The same loopback tuple in another pod is another connection; whether it is misdirected to
    /// this entry is for ``MisdirectedRule`` to prove.
    public func claimant(of entry: ClassifiedEntry) -> TCPSocket? {
        guard let claim = entry.claim, entry.entry.isStable, entry.home.namesConnections else { return nil }
        let resident = entry.entry.resident
        return connected(claim).first {
            !$0.socket.identity.mayBe(resident.identity) && $0.socket.netns == resident.netns
        }
    }

    /// As ``Diagnosis/secondsBetweenSamples``.
    public static let secondsBetweenSightings = Diagnosis.secondsBetweenSamples

    /// Seconds for which the same socket has been seen dead in this entry; `nil`: not seen before.
    public func secondsSeenDead(_ entry: ClassifiedEntry) -> Double? {
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
    public func secondsUnseen(_ key: ClassifiedKey) -> Double? {
        guard let before = unseenBefore[key.map.id]?[key.entry.key], before.cookie == key.entry.cookie else {
            return nil
        }
        return now.monotonic - before.monotonic
    }

    // MARK: Names

    /// Sockmaps that a socket's sends are looked up in: psock → msg program → the program's maps.
    public func redirect(of socket: KernelSocket) -> Redirect? {
        socket.psock?.msgProgram.flatMap { redirects[$0] }
    }

    public func owners(of socket: KernelSocket) -> [SocketOwner] { socket.inode == 0 ? [] : owners[socket.inode] ?? [] }

    public func pod(of socket: KernelSocket) -> String? { pods.pod(of: socket) }

    public func pod(of entry: ClassifiedEntry) -> String? { pods.pod(of: entry.entry, claim: entry.claim) }

    /// The pod that has an address.
    public func pod(at address: IPAddress) -> String? { pods.pod(at: address) }

    public func handlers(of socket: KernelSocket) -> Handlers? {
        socket.handlers.flatMap { now.handlers.indices.contains($0) ? now.handlers[$0] : nil }
    }

    private static func index(_ samples: [Snapshot]) -> [HashIndex] {
        samples.map { sample in
            let sockets = sample.sockets
            return HashIndex(count: sockets.count) {
                sockets[$0].isConnected ? sockets[$0].socket.tuple.quickHash : nil
            }
        }
    }

    private static func seenDead(in looks: [Snapshot]) -> [UInt32: [SockmapKey: SeenDead]] {
        var result: [UInt32: [SockmapKey: SeenDead]] = [:]
        for look in looks {
            for map in look.sockmaps {
                var dead = result[map.id] ?? [:]
                for entry in map.entries {
                    guard entry.resident.residentState.isDead else {
                        // One that lives: what was seen before counts no more.
                        if !dead.isEmpty { dead[entry.key] = nil }
                        continue
                    }
                    // The earliest sighting of the same socket is kept.
                    if dead[entry.key]?.identity != entry.resident.identity {
                        dead[entry.key] = SeenDead(identity: entry.resident.identity, monotonic: look.monotonic)
                    }
                }
                result[map.id] = dead
            }
        }
        return result
    }
}

extension LayoutDecision {
    /// A map's keys name connections and nothing else, and its programs redirect, so that a connection that finds another
    /// socket under its key is proven to be misdirected.
    var namesConnections: Bool { layout?.naming == .connection && layout?.conflict != .neverRedirects }
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
