/// Which layout a map's keys follow, and how that is known. A map's name decides nothing: `sock_ops_map` alone stands
/// for five layouts.
public struct LayoutDecision: Hashable, Sendable {
    /// `nil`: undecodable.
    public var layout: KeyLayout?
    /// Residents whose own tuple could be compared with their key, and how many agreed.
    public var compared: Int
    public var agreed: Int
    /// How it is known, or why not: "197 of 197 residents agree".
    public var evidence: String

    /// Chooses by evidence: the key's size, the fixed bytes of every key, and agreement with the residents' own
    /// tuples. A live socket's tuple is compared whole; a leaked one's peer port is gone, so only what is left of it.
    ///
    /// A layout is accepted when more than half of the comparable residents agree (a cross-wired or a wrong one may
    /// not) and every key fits its fixed bytes. Without any comparable resident nothing is decided.
    public init(for map: Sockmap, among candidates: [KeyLayout] = KeyLayout.declared) {
        self.init(keySize: map.keySize, parts: [map.entries], among: candidates)
    }

    /// As ``init(for:among:)``, for entries that lie in several parts.
    public init(keySize: Int, parts: [[SockmapEntry]], among candidates: [KeyLayout] = KeyLayout.declared) {
        layout = nil
        compared = 0
        agreed = 0
        guard !parts.allSatisfy(\.isEmpty) else {
            evidence = "no entry to compare with"
            return
        }
        let fitting = candidates.filter { $0.size == keySize }
        guard !fitting.isEmpty else {
            evidence = "no declared layout has \(keySize)-byte keys"
            return
        }
        var best: (layout: KeyLayout, compared: Int, agreed: Int)?
        for candidate in fitting {
            var compared = 0
            var agreed = 0
            var fits = true
            for entry in parts.joined() {
                guard let claim = candidate.decode(entry.key) else {
                    fits = false
                    break
                }
                guard let agrees = Self.agrees(claim, entry.resident) else { continue }
                compared += 1
                if agrees { agreed += 1 }
            }
            if fits, agreed * 2 > compared, agreed > best?.agreed ?? 0 { best = (candidate, compared, agreed) }
        }
        guard let best else {
            evidence = "too few residents' tuples agree with a declared \(keySize)-byte layout"
            return
        }
        layout = best.layout
        compared = best.compared
        agreed = best.agreed
        evidence = "\(best.agreed) of \(best.compared) residents agree"
    }

    /// Whether a claim agrees with what the resident still knows of itself; `nil` if it knows nothing.
    private static func agrees(_ claim: FourTuple, _ resident: KernelSocket) -> Bool? {
        let tuple = resident.tuple
        guard resident.state != .listen, tuple.local.port != 0 else { return nil }
        if tuple.isComplete { return claim == tuple }
        return claim.local.port == tuple.local.port
            && (tuple.local.address.isUnspecified || claim.local.address == tuple.local.address)
            && (tuple.remote.address.isUnspecified || claim.remote.address == tuple.remote.address)
    }

    /// The tuple that a key of this map claims; `nil` where the layout is unknown.
    public func claim(of key: SockmapKey) -> FourTuple? { layout?.decode(key) }
}
