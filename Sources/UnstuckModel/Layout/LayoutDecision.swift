extension Snapshot {
    /// The same, with a layout for the keys of all maps whose keys have its size, as given with `--layout`; `nil` changes nothing.
    public func reading(keysAs layout: KeyLayout?) -> Snapshot {
        guard let layout else { return self }
        var copy = self
        for index in copy.sockmaps.indices where copy.sockmaps[index].keySize == layout.size {
            copy.sockmaps[index].declaredLayout = layout.name
        }
        return copy
    }
}

/// Which layout a map's keys follow, and how that is known. A map's name decides nothing: `sock_ops_map` alone stands
/// for five layouts.
public struct LayoutDecision: Hashable, Sendable {
    /// `nil`: undecodable.
    public var layout: KeyLayout?
    /// No declaration fits: the layout was found from the sockets alone.
    public var isInferred = false
    /// Sockets whose own tuple could be compared with their key, and how many agreed.
    public var compared = 0
    public var agreed = 0
    /// How it is known, or why not: "197 of 197 sockets agree".
    public var evidence: String

    /// Chooses by evidence: the key's size, the fixed bytes of every key, the shape of the key's C type where a program's
    /// BTF tells it, and agreement with the sockets' own tuples. A live socket's tuple is compared whole; a leaked
    /// one's peer port is gone, so only what is left of it.
    ///
    /// A layout is accepted when more than half of the comparable sockets agree (a cross-wired or a wrong one may
    /// not), every key fits its fixed bytes, and no other layout does as well. Without any comparable socket nothing
    /// is decided. Where no declared layout is left, one is inferred from the sockets (``LayoutInference``).
    public init(for map: Sockmap, among candidates: [KeyLayout] = KeyLayout.declared) {
        if let layout = map.declaredLayout.flatMap(KeyLayout.known) {
            self.init(declared: layout, of: map)
        } else {
            self.init(keySize: map.keySize, keyType: map.keyType, parts: [map.entries], among: candidates)
        }
    }

    /// Reads the keys by the layout that was given, whatever their sockets say: with how many agree. One with which not more than half
    /// agree counts as inferred. If a key does not fit, nothing is decided.
    private init(declared layout: KeyLayout, of map: Sockmap) {
        let agreement = Agreement(comparing: layout, with: [map.entries])
        guard let agreement, map.keySize == layout.size else {
            self.init(evidence: "not every key fits layout \(layout.name), which was asked for")
            return
        }
        self.init(evidence: "as asked for; \(agreement.agreed) of \(agreement.compared) sockets agree")
        self.layout = layout
        isInferred = !agreement.isMajority
        compared = agreement.compared
        agreed = agreement.agreed
    }

    /// Chooses by what the keys name where no socket agrees: in a quiet map that holds nothing but misfiled sockets, say. A
    /// layout is accepted if a key names, byte by byte, the tuple of another live socket of the node, and by no other layout
    /// one does.
    ///
    /// - Parameter isLive: whether a live socket of the node has that tuple.
    public func settled(
        for map: Sockmap, among candidates: [KeyLayout] = KeyLayout.declared, by isLive: (FourTuple) -> Bool
    )
        -> LayoutDecision
    {
        guard layout == nil, map.declaredLayout == nil, !map.entries.isEmpty else { return self }
        let named = candidates.filter {
            $0.size == map.keySize && $0.naming == .connection && map.keyType?.fits($0) ?? true
        }
        .compactMap { layout -> (layout: KeyLayout, count: Int)? in
            let claims = map.entries.map { layout.decode($0.key) }
            guard !claims.contains(nil) else { return nil }
            let count = claims.count { $0.map(isLive) ?? false }
            return count > 0 ? (layout, count) : nil
        }
        guard let only = named.first, named.count == 1 else { return self }
        var decision = LayoutDecision(
            evidence: "\(only.count) of \(map.entries.count) keys name another live socket of the node; \(evidence)")
        decision.layout = only.layout
        decision.isInferred = true
        return decision
    }

    /// As ``init(for:among:)``, for entries that lie in several parts.
    public init(
        keySize: Int, keyType: KeyType? = nil, parts: [[SockmapEntry]],
        among candidates: [KeyLayout] = KeyLayout.declared
    ) {
        guard !parts.allSatisfy(\.isEmpty) else {
            evidence = "no entry to compare with"
            return
        }
        let sized = candidates.filter { $0.size == keySize }
        let fitting = sized.filter { keyType?.fits($0) ?? true }
        let agreeing = fitting.compactMap { Agreement(of: $0, with: parts) }.sorted { $0.agreed > $1.agreed }
        guard let best = agreeing.first else {
            let undeclared =
                sized.isEmpty
                ? "no declared layout has \(keySize)-byte keys"
                : fitting.isEmpty
                    ? "no declared layout has the shape of struct \(keyType?.name ?? "")"
                    : "the tuples of too few sockets in the map agree with a declared \(keySize)-byte layout"
            self = .inferred(from: parts, keySize: keySize, keyType: keyType, undeclared: undeclared)
            return
        }
        if agreeing.count > 1, agreeing[1].agreed == best.agreed {
            let names = agreeing.filter { $0.agreed == best.agreed }.map(\.layout.name)
            evidence = "the sockets in the map agree with \(names.joined(separator: " and ")) alike"
            return
        }
        layout = best.layout
        compared = best.compared
        agreed = best.agreed
        evidence = "\(best.agreed) of \(best.compared) sockets in the map agree"
        if let keyType { evidence += ", and so does the shape of struct \(keyType.name)" }
    }

    private init(evidence: String) { self.evidence = evidence }

    /// - Parameter undeclared: why no declared layout was chosen.
    private static func inferred(from parts: [[SockmapEntry]], keySize: Int, keyType: KeyType?, undeclared: String)
        -> LayoutDecision
    {
        let inference = LayoutInference(keySize: keySize, parts: parts)
        guard let found = inference.layout else {
            return LayoutDecision(evidence: "\(undeclared); none can be inferred: \(inference.evidence)")
        }
        if let keyType, !keyType.allows(found) {
            return LayoutDecision(
                evidence: "\(undeclared), nor does what fits the sockets in the map (\(found.summary)) have it")
        }
        // The sockets that were not used to find it have their say, too.
        guard let agreement = Agreement(of: found, with: parts) else {
            return LayoutDecision(
                evidence: "\(undeclared); what fits some sockets in the map (\(found.summary)) does not fit every key")
        }
        var decision = LayoutDecision(
            evidence:
                "inferred: \(inference.evidence); \(agreement.agreed) of \(agreement.compared) sockets agree")
        decision.layout = found
        decision.isInferred = true
        decision.compared = agreement.compared
        decision.agreed = agreement.agreed
        return decision
    }

    /// How well one layout agrees with the sockets' own tuples.
    private struct Agreement {
        var layout: KeyLayout
        var compared = 0
        var agreed = 0

        /// More than half of those who know.
        var isMajority: Bool { agreed * 2 > compared }

        /// `nil` if a key does not fit, or not more than half of those who know agree.
        init?(of layout: KeyLayout, with parts: [[SockmapEntry]]) {
            self.init(comparing: layout, with: parts)
            if !isMajority { return nil }
        }

        /// `nil` if a key does not fit.
        init?(comparing layout: KeyLayout, with parts: [[SockmapEntry]]) {
            self.layout = layout
            for entry in parts.joined() {
                guard let agrees = layout.naming == .socket ? byCookie(entry) : byTuple(entry) else { return nil }
                guard let agrees else { continue }
                compared += 1
                if agrees { agreed += 1 }
            }
        }

        /// Outer `nil`: the key does not fit. Inner `nil`: the socket knows nothing to compare with.
        private func byTuple(_ entry: SockmapEntry) -> Bool?? {
            guard let claim = layout.decode(entry.key) else { return .none }
            let socket = entry.socket
            let tuple = socket.tuple
            guard socket.state != .listen, tuple.local.port != 0 else { return .some(nil) }
            if tuple.isComplete { return claim == tuple || layout.claims(naming: tuple).contains(claim) }
            // tcp_disconnect has cleared what it could: an end is compared by what is left of it.
            let claims = layout.claims(naming: tuple)
            guard !claims.isEmpty else { return false }
            let left = claims.filter { $0.local.port != 0 }
            // Of a key that names the remote end nothing is left.
            guard !left.isEmpty, layout.naming != .oneEnd || claim.local.port != 0 else { return .some(nil) }
            return left.contains { rest in
                claim.local.port == rest.local.port
                    && (rest.local.address.isUnspecified || claim.local.address == rest.local.address)
                    && (rest.remote.address.isUnspecified || claim.remote.address == rest.remote.address)
            }
        }

        private func byCookie(_ entry: SockmapEntry) -> Bool?? {
            guard let cookie = layout.cookie(entry.key) else { return .none }
            return entry.socket.identity.cookie == 0 ? .some(nil) : cookie == entry.socket.identity.cookie
        }
    }

    /// The tuple that an entry's key claims; `nil` where the layout is unknown. A key that names its socket by cookie
    /// claims the socket's own tuple.
    public func claim(of entry: SockmapEntry) -> FourTuple? {
        guard let layout else { return nil }
        guard layout.naming == .socket else { return layout.decode(entry.key) }
        return layout.cookie(entry.key) == entry.socket.identity.cookie ? entry.socket.tuple : nil
    }

    /// What an entry claims, and what it is.
    public func classify(_ entry: SockmapEntry) -> (claim: FourTuple?, state: EntryState) {
        let claim = claim(of: entry)
        return (claim, EntryState(socket: entry.socket, claim: claim, layout: layout))
    }
}
