/// A walked map held against the sockets of the same look: how its keys are read, and what each of them is.
///
/// What this way cannot know: a resident that is in no table is dead or a zombie, and which of them is not told; and a
/// live socket that a dead entry keeps out of the map has the same addresses and ports as one that is filed.
public struct WalkedMap: Sendable {
    public let decision: LayoutDecision
    private let seen: SeenSockets
    private let claims: [FourTuple: [Int]]
    private let farEnds: Set<FourTuple>

    /// What a key is.
    public struct Verdict: Sendable {
        public var claim: FourTuple?
        public var state: EntryState
        /// The sockets that the key names, as indices into the look's; more than one if several namespaces have the tuple:
        /// which of them is filed cannot be told then.
        public var sockets: [Int]
    }

    public init(_ map: Sockmap, seen: SeenSockets, among layouts: [KeyLayout] = KeyLayout.declared) {
        self.seen = seen
        decision = LayoutDecision(walking: map, seen: seen, among: layouts)
        claims = decision.layout.map { seen.claims(in: $0) } ?? [:]
        farEnds = decision.layout.map { seen.farEnds(in: $0) } ?? []
    }

    public func judge(_ entry: WalkedEntry) -> Verdict {
        let claim = decision.layout?.decode(entry.key)
        let cookie = entry.cookie ?? decision.layout?.cookie(entry.key)
        if let cookie { return judge(entry, claim, cookie) }
        guard let claim else { return Verdict(claim: nil, state: .undecodable, sockets: []) }
        let named = claims[claim] ?? []
        guard named.isEmpty else {
            let isQueued = named.allSatisfy { seen.sockets[$0].isQueued }
            return Verdict(claim: claim, state: isQueued ? .queued : .live, sockets: named)
        }
        return Verdict(claim: claim, state: absent(entry, claim), sockets: [])
    }

    /// The resident is known by its cookie: no other socket is ever meant.
    private func judge(_ entry: WalkedEntry, _ claim: FourTuple?, _ cookie: UInt64) -> Verdict {
        let named = claim.flatMap { claims[$0] } ?? []
        guard let index = seen.socket(cookie: cookie) else {
            let isReadable = claim != nil || decision.layout?.naming == .socket
            return Verdict(claim: claim, state: isReadable ? absent(entry, nil) : .undecodable, sockets: named)
        }
        let socket = seen.sockets[index].socket
        let state: EntryState
        if socket.state == .listen {
            state = .listener
        } else if decision.layout?.naming == .socket || named.contains(index) {
            state = seen.sockets[index].isQueued ? .queued : .live
        } else {
            state = claim == nil ? .undecodable : .crossWired
        }
        return Verdict(
            claim: decision.layout?.naming == .socket ? socket.tuple : claim, state: state, sockets: [index])
    }

    /// No table has the socket. If the far end's name is there, keys may be the wrong way round for us: then nothing is said.
    private func absent(_ entry: WalkedEntry, _ claim: FourTuple?) -> EntryState {
        let isKnownFarEnd = claim.map(farEnds.contains) ?? false
        return seen.isComplete && entry.isStable && !isKnownFarEnd ? .unseen : .unknown
    }
}

extension TCPSocket {
    /// A finished handshake that waits for accept.
    fileprivate var isQueued: Bool { socket.state == .established && !socket.hasSocket }
}

extension LayoutDecision {
    /// Exact matches of both ends that are no accident, whatever the share of the keys that they are.
    private static let beyondAccident = 8

    /// Chooses without residents: every key fits, and the keys name live sockets of the node. A layout is accepted if more
    /// than half of the keys do, or several; and no other layout does as well.
    init(walking map: Sockmap, seen: SeenSockets, among candidates: [KeyLayout]) {
        let entries = map.walk?.entries ?? []
        self.init(keySize: map.keySize, parts: [])
        guard !entries.isEmpty else { return }
        let fitting = candidates.filter { layout in
            layout.size == map.keySize && map.keyType?.fits(layout) ?? true
                && entries.allSatisfy { layout.decode($0.key) != nil || layout.cookie($0.key) != nil }
        }
        let counted = fitting.map { ($0, Self.named(by: $0, entries, seen)) }.sorted { $0.1 > $1.1 }
        guard let (best, count) = counted.first else {
            evidence = "no declared layout fits these \(map.keySize)-byte keys"
            return
        }
        compared = entries.count
        agreed = count
        let words = "\(count) of \(entries.count) keys name a live socket of the node"
        guard count * 2 > entries.count || count >= Self.beyondAccident else {
            evidence = "as \(best.name), \(words): too few"
            return
        }
        if counted.count > 1, counted[1].1 == count {
            evidence = "\(words), as \(best.name) and as \(counted[1].0.name) alike"
            return
        }
        layout = best
        evidence = words
    }

    private static func named(by layout: KeyLayout, _ entries: [WalkedEntry], _ seen: SeenSockets) -> Int {
        if layout.naming == .socket {
            return entries.count { layout.cookie($0.key).flatMap(seen.socket(cookie:)) != nil }
        }
        let claims = seen.claims(in: layout)
        return entries.count { entry in
            guard let named = layout.decode(entry.key).flatMap({ claims[$0] }) else { return false }
            // Where the resident's cookie is known, it must be one of those.
            guard let cookie = entry.cookie else { return true }
            return named.contains { seen.sockets[$0].socket.identity.cookie == cookie }
        }
    }
}
