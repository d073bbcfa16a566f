/// A walked map held against the sockets of the same look: how its keys are read, and what each of them is.
///
/// What this way cannot know: a socket that is in no table is dead or a zombie, and which of them is not reported; and a
/// live socket that a stale entry keeps out of the map has the same addresses and ports as one that is inserted.
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
        /// which of them is inserted cannot be known then.
        public var sockets: [Int]
    }

    public init(_ map: Sockmap, seen: SeenSockets, among layouts: [KeyLayout] = KeyLayout.declared) {
        self.seen = seen
        decision = LayoutDecision(walking: map, seen: seen, among: layouts)
        claims = decision.layout.map { seen.claims(in: $0) } ?? [:]
        farEnds = decision.layout.map { seen.farEnds(in: $0) } ?? []
    }

    public func classify(_ entry: WalkedEntry) -> Verdict {
        let claim = decision.layout?.decode(entry.key)
        let cookie = entry.cookie ?? decision.layout?.cookie(entry.key)
        if let cookie { return classify(entry, claim, cookie) }
        guard let claim else { return Verdict(claim: nil, state: .undecodable, sockets: []) }
        let named = claims[claim] ?? []
        guard named.isEmpty else {
            let isQueued = named.allSatisfy { seen.sockets[$0].isQueued }
            return Verdict(claim: claim, state: isQueued ? .queued : .live, sockets: named)
        }
        return Verdict(claim: claim, state: absent(entry, claim), sockets: [])
    }

    /// The socket is known by its cookie: no other socket is ever meant.
    private func classify(_ entry: WalkedEntry, _ claim: FourTuple?, _ cookie: UInt64) -> Verdict {
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
    /// Exact matches that are no accident, whatever the share of the keys that they are. Keys read the wrong way round match, too:
    /// that is looked out for with each key (``WalkedMap``).
    private static let beyondAccident = 4

    /// Chooses without sockets: every key fits, and the keys name live sockets of the node. A layout is accepted if more
    /// than half of the keys do, or several; and no other layout does as well. Keys that came or went while the tables were
    /// read have a say only where they name a socket.
    init(walking map: Sockmap, seen: SeenSockets, among candidates: [KeyLayout]) {
        let entries = map.walk?.entries ?? []
        self.init(keySize: map.keySize, parts: [])
        guard !entries.isEmpty else { return }
        if let declared = map.declaredLayout.flatMap(KeyLayout.known) {
            guard declared.size == map.keySize, entries.allSatisfy({ declared.decode($0.key) != nil }) else {
                evidence = "not every key fits layout \(declared.name), which was asked for"
                return
            }
            let agreement = WalkedAgreement(of: declared, with: entries, seen)
            (layout, compared, agreed) = (declared, agreement.compared, agreement.agreed)
            isInferred = agreed * 2 <= compared
            evidence = "as asked for; \(agreed) of \(compared) keys name a live socket of the node"
            return
        }
        let fitting = candidates.filter { layout in
            layout.size == map.keySize && map.keyType?.fits(layout) ?? true
                && entries.allSatisfy { layout.decode($0.key) != nil || layout.cookie($0.key) != nil }
        }
        let agreements = fitting.map { WalkedAgreement(of: $0, with: entries, seen) }.sorted { $0.agreed > $1.agreed }
        guard let best = agreements.first else {
            evidence = "no declared layout fits these \(map.keySize)-byte keys"
            return
        }
        compared = best.compared
        agreed = best.agreed
        let words = "\(agreed) of \(compared) keys name a live socket of the node"
        guard agreed * 2 > compared || agreed >= Self.beyondAccident else {
            evidence = "as \(best.layout.name), \(words): too few"
            return
        }
        if agreements.count > 1, agreements[1].agreed == agreed {
            evidence = "\(words), as \(best.layout.name) and as \(agreements[1].layout.name) alike"
            return
        }
        layout = best.layout
        evidence = words
    }
}

/// How many keys name a live socket if they are read by one layout.
private struct WalkedAgreement {
    let layout: KeyLayout
    private(set) var compared = 0
    private(set) var agreed = 0

    init(of layout: KeyLayout, with entries: [WalkedEntry], _ seen: SeenSockets) {
        self.layout = layout
        let claims = layout.naming == .socket ? [:] : seen.claims(in: layout)
        for entry in entries {
            let isNamed: Bool
            if let cookie = layout.cookie(entry.key) {
                isNamed = seen.socket(cookie: cookie) != nil
            } else if let cookie = entry.cookie {  // the socket is known: it must be one of those that are named
                let named = layout.decode(entry.key).flatMap { claims[$0] } ?? []
                isNamed = named.contains { seen.sockets[$0].socket.identity.cookie == cookie }
            } else {
                isNamed = layout.decode(entry.key).map { claims[$0] != nil } ?? false
            }
            if isNamed { agreed += 1 }
            if isNamed || entry.isStable { compared += 1 }
        }
    }
}
