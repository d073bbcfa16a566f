import UnstuckModel

extension NodeView {
    /// Where the accelerator replaces what is there, or never redirects, no connection will be stuck.
    ///
    /// A map that no program uses now is no less of a risk: it is pinned or held open, and its accelerator may come back.
    func severity(ofStaleEntriesIn map: Sockmap) -> Finding.Severity {
        switch sockmaps.layouts[map.id]?.layout?.conflict {
        case .replaces, .neverRedirects: .note
        case .keepsOld, nil: .warning
        }
    }

    /// What stale entries do that no live connection uses now: it depends on what the accelerator does where a key is taken,
    /// whether there is one, and whether there is room for the next connection.
    func risk(ofStaleEntriesIn map: Sockmap) -> String {
        let layout = sockmaps.layouts[map.id]?.layout
        switch layout?.conflict {
        case .replaces:
            return
                "no connection: \(layout?.name ?? "it") replaces them; each takes room until its addresses and ports "
                + "are reused"
        case .neverRedirects: return "no connection: \(layout?.name ?? "it") never redirects; they only take room"
        case .keepsOld, nil: break
        }
        let risk = "each new connection that reuses the addresses and ports of one of these"
        if isUnused(map) { return "no connection now: no program redirects through this map; with one, \(risk)" }
        let count = sockmaps.states(in: map.id).count
        guard map.kind == .sockhash, map.maxEntries > 0, count >= map.maxEntries else { return risk }
        return "no connection while the map is full and nothing is inserted; then \(risk)"
    }

    /// Its users were asked for, and none of them redirects.
    private func isUnused(_ map: Sockmap) -> Bool {
        guard let users = now.sockmaps.first(where: { $0.id == map.id })?.users else { return false }
        return !now.programs.contains { program in
            users.contains(program.id) && (program.type.map(Self.redirecting.contains) ?? true)
        }
    }

    /// Types of programs that can send bytes through a sockmap.
    private static let redirecting: Set<String> = ["sk_msg", "sk_skb"]
}
