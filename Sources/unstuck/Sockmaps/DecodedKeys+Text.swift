import UnstuckModel
import UnstuckOperations

extension DecodedKeys {
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
        return "\(end(claim.local)) <- \(end(claim.remote))"
    }
}
