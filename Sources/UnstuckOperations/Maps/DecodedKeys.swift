import UnstuckModel

/// The keys of one dump that have one size, decoded: what a dump says by itself.
public struct DecodedKeys: Encodable {
    public struct Candidate: Encodable {
        public var layout: String
        /// Keys that fit, and those that pair an ephemeral port with a service's.
        public var fitting: Int
        public var ordinaryPorts: Int
        /// A port that every fitting key claims.
        public var commonPort: UInt16?
        /// What the first key that fits would say.
        public var example: FourTuple?
    }

    /// What a key says if it is laid out like this.
    public struct Reading: Encodable {
        public var layout: String
        public var claim: FourTuple
    }

    /// Of a diff: which file alone has the key.
    public enum Change: String, Encodable { case added, removed }

    public struct Entry: Encodable {
        public var key: SockmapKey
        public var claim: FourTuple?
        /// Where the layout names sockets and no connections.
        public var cookie: UInt64?
        /// Why the key does not fit the layout; then it has no claim.
        public var misfit: String?
        /// What it says by each candidate, where no layout is chosen; the likeliest first.
        public var readings: [Reading]?
        public var change: Change?
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
    /// By the socket's own address, or its peer's where the layout names no other; most entries first.
    public var totals: [Total]
    public var entries: [Entry]

    /// The candidates that the ports speak for.
    let likeliest: [String]

    private enum CodingKeys: String, CodingKey { case keySize, layout, evidence, candidates, totals, entries }

    /// - Parameters:
    ///   - chosen: the layout, whatever else fits.
    ///   - mapName: the map's name where it is known.
    ///   - change: of a diff, which file alone has a key.
    ///   - pod: the pod that has an address, where the node knows.
    public init(
        _ keys: [SockmapKey], chosen: KeyLayout?, mapName: String? = nil,
        change: (SockmapKey) -> Change? = { _ in nil },
        pod: (IPAddress) -> String?
    ) {
        let reading = KeyReading(keys, chosen: chosen, mapName: mapName)
        keySize = keys.first?.count ?? 0
        layout = reading.layout?.name
        evidence = reading.evidence
        let open = reading.layout == nil ? reading.candidates : []
        candidates = open.map { candidate in
            let layout = candidate.layout
            return Candidate(
                layout: layout.name, fitting: candidate.fitting, ordinaryPorts: candidate.ordinaryPorts,
                commonPort: candidate.commonPort,
                example: keys.first { layout.misfit($0) == nil }.flatMap(layout.decode))
        }
        likeliest = open.isEmpty ? [] : reading.likeliest.map(\.layout.name)
        entries = keys.map { key in
            var entry = Entry(key: key, change: change(key))
            if let layout = reading.layout {
                entry.misfit = layout.misfit(key)
                if entry.misfit == nil { (entry.claim, entry.cookie) = (layout.decode(key), layout.cookie(key)) }
            } else if !open.isEmpty {
                let readings = open.compactMap { candidate -> Reading? in
                    guard candidate.layout.misfit(key) == nil else { return nil }
                    return candidate.layout.decode(key).map { Reading(layout: candidate.layout.name, claim: $0) }
                }
                if !readings.isEmpty { entry.readings = readings }
            }
            return entry
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

    /// What an entry says by the candidates that the ports speak for.
    public func likelyReadings(of entry: Entry) -> [Reading] {
        (entry.readings ?? []).filter { likeliest.contains($0.layout) }
    }
}
