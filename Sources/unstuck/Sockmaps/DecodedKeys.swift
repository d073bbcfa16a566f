import UnstuckModel

/// The keys of one dump that have one size, decoded: what `sockmaps decode` prints.
struct DecodedKeys: Encodable {
    struct Candidate: Encodable {
        var layout: String
        /// Keys that fit, and those that pair an ephemeral port with a service's.
        var fitting: Int
        var ordinaryPorts: Int
        /// What the first key would say.
        var example: FourTuple?
    }

    struct Entry: Encodable {
        var key: SockmapKey
        var claim: FourTuple?
        /// Where the layout names sockets and no connections.
        var cookie: UInt64?
    }

    struct Total: Encodable {
        var address: IPAddress
        var pod: String?
        var entries: Int
    }

    var keySize: Int
    var layout: String?
    var evidence: String
    /// The layouts between which nothing decided; empty where one is chosen.
    var candidates: [Candidate]
    /// By the resident's own address, or its peer's where the layout names no other; most entries first.
    var totals: [Total]
    var entries: [Entry]

    /// - Parameter pod: the pod that has an address, where the node knows.
    init(_ keys: [SockmapKey], chosen: KeyLayout?, pod: (IPAddress) -> String?) {
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
    var isDecoded: Bool { entries.allSatisfy { $0.claim != nil || $0.cookie != nil } }

    var text: String {
        var text = "\(layout.map { "layout \($0)" } ?? "layout not known"): \(evidence)\n"
        for candidate in candidates {
            text += "  \(candidate.layout)"
            if let example = candidate.example {
                text +=
                    ": the first key would be \(Self.text(example)); \(candidate.ordinaryPorts) of \(entries.count) keys"
                    + " pair an ephemeral port with a lower one"
            }
            text += "\n"
        }
        if layout == nil, !candidates.isEmpty { text += "  --layout NAME takes one of them\n" }
        for entry in entries {
            if let claim = entry.claim {
                text += "  \(Self.text(claim))  key \(entry.key)\n"
            } else if let cookie = entry.cookie {
                text += "  the socket with cookie \(cookie)  key \(entry.key)\n"
            } else {
                text += "  \(layout == nil ? "" : "does not fit: ")key \(entry.key)\n"
            }
        }
        let namesLocal = entries.allSatisfy { $0.claim?.local.port != 0 }
        if !totals.isEmpty { text += "entries by \(namesLocal ? "local " : "")address\n" }
        for total in totals {
            text += "  \(total.entries)  \(total.address)\(total.pod.map { "  \(safeText($0))" } ?? "")\n"
        }
        return text
    }

    /// As `sockmaps entries` writes a claim; an end that the layout does not name is left open.
    private static func text(_ claim: FourTuple) -> String {
        func end(_ endpoint: Endpoint) -> String {
            endpoint.port == 0 && endpoint.address.isUnspecified ? "any" : "\(endpoint)"
        }
        return "\(end(claim.local)) ◄─ \(end(claim.remote))"
    }
}
