import UnstuckModel
import UnstuckOperations
import UnstuckRender

extension WalkedSockmaps {
    func text(_ filter: EntryFilter) -> String {
        var text = ""
        for key in view.sockmaps.walked where filter.takes(key.entry.key, key.claim, key.state) {
            let name = key.claim.map { "\($0.local) <- \($0.remote)" } ?? key.entry.key.description
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
