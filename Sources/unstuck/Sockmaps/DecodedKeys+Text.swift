import UnstuckModel
import UnstuckOperations

extension DecodedKeys {
    var text: String {
        var text = "\(layout.map { "layout \($0)" } ?? "layout not known"): \(evidence)\n"
        for candidate in candidates { text += "  \(Self.text(candidate, of: entries.count))\n" }
        if layout == nil, candidates.contains(where: { KeyLayout.known($0.layout) != nil }) {
            text += "  --layout NAME takes one of them\n"
        }
        for entry in entries { text += "  \(line(entry))  key \(entry.key)\n" }
        let misfits = entries.count { $0.misfit != nil }
        if misfits > 0 { text += "\(pluralized(misfits, "key")) not fitting, \(entries.count - misfits) decoded\n" }
        for (change, word) in [(Change.added, "added"), (.removed, "removed")] {
            let count = entries.count { $0.change == change }
            if count > 0 { text += "\(pluralized(count, "key")) \(word)\n" }
        }
        let namesLocal = entries.allSatisfy { $0.claim?.local.port != 0 }
        if !totals.isEmpty { text += "entries by \(namesLocal ? "local " : "")address\n" }
        for total in totals {
            text += "  \(total.entries)  \(total.address)\(total.pod.map { "  \(safeText($0))" } ?? "")\n"
        }
        return text
    }

    private static func text(_ candidate: Candidate, of count: Int) -> String {
        guard let example = candidate.example else { return candidate.layout }
        var text =
            "\(candidate.layout): the first key would be \(Self.text(example)); \(candidate.ordinaryPorts) of \(count) keys"
            + " pair an ephemeral port with a lower one"
        if let port = candidate.commonPort { text += "; port \(port) is in every key" }
        if candidate.fitting < count { text += "; \(count - candidate.fitting) do not fit" }
        return text
    }

    private func line(_ entry: Entry) -> String {
        let mark = entry.change.map { $0 == .added ? "+ " : "- " } ?? ""
        if let claim = entry.claim { return mark + Self.text(claim) }
        if let cookie = entry.cookie { return "\(mark)the socket with cookie \(cookie)" }
        if let misfit = entry.misfit { return "\(mark)does not fit: \(misfit)" }
        var claims: [String] = []
        for reading in likelyReadings(of: entry) {
            let text = Self.text(reading.claim)
            if !claims.contains(text) { claims.append(text) }
        }
        return mark + (claims.isEmpty ? "not decoded" : "\(claims.joined(separator: " or "))?")
    }

    /// As `sockmaps entries` writes a claim; an end that the layout does not name is left open.
    private static func text(_ claim: FourTuple) -> String {
        func end(_ endpoint: Endpoint) -> String {
            endpoint.port == 0 && endpoint.address.isUnspecified ? "any" : "\(endpoint)"
        }
        return "\(end(claim.local)) <- \(end(claim.remote))"
    }
}
