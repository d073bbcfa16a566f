import UnstuckModel

/// The keys of one dump that have one size, decoded: what a dump says by itself.
public struct DecodedKeys: Encodable {
    public struct Candidate: Encodable {
        public var layout: String
        /// Keys that fit, and those that pair an ephemeral port with a service's.
        public var fitting: Int
        public var ordinaryPorts: Int
        /// What the first key would say.
        public var example: FourTuple?
    }

    public struct Entry: Encodable {
        public var key: SockmapKey
        public var claim: FourTuple?
        /// Where the layout names sockets and no connections.
        public var cookie: UInt64?
    }

    public struct Total: Encodable {
        public var address: IPAddress
        public var pod: String?
        public var entries: Int
    }

    public var keySize: Int
    public var layout: String?
    public var evidence: String
    /// The layouts between which nothing decided; empty where one is chosen.
    public var candidates: [Candidate]
    /// By the resident's own address, or its peer's where the layout names no other; most entries first.
    public var totals: [Total]
    public var entries: [Entry]

    /// - Parameter pod: the pod that has an address, where the node knows.
    public init(_ keys: [SockmapKey], chosen: KeyLayout?, pod: (IPAddress) -> String?) {
        let reading = KeyReading(keys, chosen: chosen)
        keySize = keys.first?.count ?? 0
        layout = reading.layout?.name
        evidence = reading.evidence
        candidates =
            reading.layout != nil
            ? []
            : reading.candidates.map { candidate in
                Candidate(
                    layout: candidate.layout.name, fitting: candidate.fitting, ordinaryPorts: candidate.ordinaryPorts,
                    example: keys.first.flatMap(candidate.layout.decode))
            }
        entries = keys.map {
            Entry(key: $0, claim: reading.layout?.decode($0), cookie: reading.layout?.cookie($0))
        }
        var counts: [IPAddress: Int] = [:]
        for case let claim? in entries.map(\.claim) {
            counts[claim.local.port == 0 ? claim.remote.address : claim.local.address, default: 0] += 1
        }
        totals = counts.map { Total(address: $0.key, pod: pod($0.key), entries: $0.value) }
            .sorted { ($1.entries, $0.address.description) < ($0.entries, $1.address.description) }
    }

    /// Every key has a claim, or a cookie.
    public var isDecoded: Bool { entries.allSatisfy { $0.claim != nil || $0.cookie != nil } }
}
