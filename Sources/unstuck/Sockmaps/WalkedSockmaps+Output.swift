import UnstuckModel
import UnstuckOperations
import UnstuckRender

extension WalkedSockmaps {
    func text(_ filter: EntryFilter, _ style: Style) -> EntryText {
        var text = EntryText(style: style)
        for key in view.sockmaps.walked where filter.takes(key.entry.key, key.claim, key.state) {
            text.add(
                walked: key.entry, of: key.map.id, claim: key.claim, state: key.state, namespaces: key.namespaces)
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
