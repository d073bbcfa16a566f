import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRender

/// Sockmaps without an iterator: their keys, and which of them name a socket of the node.
struct WalkedSockmaps {
    let view: NodeView

    /// - Parameter maps: only these; empty: every one.
    init?(_ maps: [UInt32], root: NodeRoot) {
        var options = NodeObserver.Options()
        options.root = root
        options.maps = Set(maps)
        options.avoidsIterators = true
        guard let view = NodeView([NodeObserver(options).look()]) else { return nil }
        self.view = view
    }

    var summaries: [SockmapSummary] {
        view.now.sockmaps.compactMap { map in
            var totals = PodTotals()
            add(to: &totals) { $0.map.id == map.id }
            return view.sockmaps.layouts[map.id].map { SockmapSummary(map, $0, totals) }
        }
    }

    /// Keys by pod and address.
    func add(to totals: inout PodTotals, where wanted: (ClassifiedKey) -> Bool) {
        for key in view.sockmaps.walked where wanted(key) {
            let address = key.claim?.local.address
            totals.add(key.state, pod: address.flatMap(view.pod(at:)), address: address)
        }
    }

    /// What this way cannot know, and what could not be read, on stderr.
    ///
    /// - Parameter reasons: why the iterator could not be used; empty: it was not to be.
    func printShortfalls(_ reasons: Set<String>) {
        for reason in reasons.sorted() { printError("unstuck: the iterator cannot be used: needs \(reason)") }
        for shortfall in view.now.shortfalls where shortfall.evidence != .handlers {
            printError(
                "unstuck: could not \(shortfall.action)"
                    + (shortfall.evidence == .residents ? "" : ": needs \(shortfall.missing)"))
        }
    }

    func text(_ filter: EntryFilter) -> String {
        var text = ""
        for key in view.sockmaps.walked where filter.takes(key.entry.key, key.claim, key.state) {
            let name = key.claim.map { "\($0.local) ◄─ \($0.remote)" } ?? key.entry.key.description
            let namespaces = key.namespaces.map(String.init).joined(separator: ", ")
            text += "\(key.map.id)  \(key.state.rawValue)  \(name)"
            if !namespaces.isEmpty {
                text += "  named by a socket in netns \(namespaces)"
            }
            if let cookie = key.entry.cookie { text += "  cookie \(cookie)" }
            text += "\n"
        }
        return text
    }

    func json(_ filter: EntryFilter) -> JSONStream {
        var json = JSONStream()
        for key in view.sockmaps.walked where filter.takes(key.entry.key, key.claim, key.state) {
            EntryJSON.write(
                walked: key.entry, of: key.map.id, claim: key.claim, state: key.state, namespaces: key.namespaces,
                to: &json)
        }
        return json
    }
}
