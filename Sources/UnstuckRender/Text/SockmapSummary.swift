import UnstuckModel

/// One map in a list of maps: what it is, who uses it, and what its entries come to (schema `unstuck.sockmaps.list/1`).
public struct SockmapSummary: Sendable, Encodable {
    public var id: UInt32
    public var name: String
    public var kind: Sockmap.Kind
    public var keySize: Int
    public var valueSize: Int
    public var maxEntries: Int
    public var entries: Int
    /// The layout's name; `nil`: not known.
    public var layout: String?
    /// Where the layout has what.
    public var layoutParts: String?
    public var isInferred: Bool
    public var evidence: String
    public var keyType: KeyType?
    public var pins: [String]
    /// `nil`: they could not be listed.
    public var programs: [BPFProgram]?
    /// Entries by state.
    public var states: [String: Int]
    public var pods: [PodTotal]
    /// The keys were walked, for want of an iterator: whether to the end.
    public var isWalkComplete: Bool?

    public init(
        _ map: Sockmap, _ decision: LayoutDecision, entries: some Sequence<SockmapEntry>, pods index: PodIndex
    ) {
        var totals = PodTotals()
        for entry in entries {
            let (claim, state) = decision.classify(entry)
            totals.add(state, pod: index.pod(of: entry, claim: claim), address: entry.ownAddress(claim))
        }
        self.init(map, decision, totals)
    }

    /// What a map's entries come to, however they were read.
    public init(_ map: Sockmap, _ decision: LayoutDecision, _ totals: PodTotals) {
        id = map.id
        name = map.name
        kind = map.kind
        keySize = map.keySize
        valueSize = map.valueSize
        maxEntries = map.maxEntries
        layout = decision.layout?.name
        layoutParts = decision.layout?.summary
        isInferred = decision.isInferred
        evidence = decision.evidence
        keyType = map.keyType
        pins = map.pins
        isWalkComplete = map.walk?.isComplete
        self.entries = totals.entries
        states = totals.states
        self.pods = totals.rows
    }
}

/// Entries of one pod, or of one address that no pod is known for.
public struct PodTotal: Sendable, Hashable, Encodable {
    public var pod: String?
    /// The entries' own address, as their keys name it; `nil` where the layout is not known.
    public var address: IPAddress?
    public var entries: Int
    public var states: [String: Int]
}

/// Counts entries by pod and address: the incident's `7325 / 1288 / 191`.
public struct PodTotals: Sendable {
    private struct Place: Hashable {
        var pod: String?
        var address: IPAddress?
    }
    private var counts: [Place: [EntryState: Int]] = [:]

    public init() {}

    public mutating func add(_ state: EntryState, pod: String?, address: IPAddress?) {
        counts[Place(pod: pod, address: address), default: [:]][state, default: 0] += 1
    }

    /// The largest first.
    public var rows: [PodTotal] {
        counts.map { place, states in
            PodTotal(
                pod: place.pod, address: place.address, entries: states.values.reduce(0, +), states: Self.named(states))
        }.sorted { one, other in
            one.entries == other.entries
                ? (one.address?.description ?? "") < (other.address?.description ?? "") : one.entries > other.entries
        }
    }

    public var entries: Int { counts.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

    /// Of all pods.
    public var states: [String: Int] {
        Self.named(counts.values.reduce(into: [:]) { $0.merge($1) { $0 + $1 } })
    }

    private static func named(_ states: [EntryState: Int]) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: states.map { ($0.key.rawValue, $0.value) })
    }
}
