import ArgumentParser
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct BypassOff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "off", abstract: "Put back exactly what was there, and show it.",
        discussion: """
            Where an accelerator was started anew meanwhile it is left as it is, and its predecessor does not come back. \
            Dead entries that were in the map before are there still: `unstuck repair` first, if there are any.

            EXAMPLES
              unstuck bypass off
                  All of this node.
              unstuck bypass off --map 35

            EXIT STATUS
              0 everything is as it was, or nothing was bypassed · 1 somebody else changed the programs meanwhile · \
            2 could not · 64 usage
            """)

    @OptionGroup var maps: MapOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let bypass = Bypass(root: node.nodeRoot)
        bypass.registry.prepare()
        let (states, unseen) = bypass.states()
        let wanted = try maps.ids(root: node.nodeRoot, of: states.map { ($0.map, $0.mapName) })
        var isComplete = true
        if wanted.isEmpty {
            for text in unseen { printError("unstuck: \(text)") }
            isComplete = unseen.isEmpty
        }
        var undone: [BypassState] = []
        for id in wanted.isEmpty ? states.map(\.map) : wanted {
            do {
                let lock = try bypass.lock(id)
                if var state = try bypass.off(id) {
                    state.count()
                    undone.append(state)
                } else if let other = states.first(where: { $0.map != id }), !wanted.isEmpty {
                    // A pin may lead to another map by now, a name to several.
                    printError("unstuck: sockmap \(id) is not bypassed; sockmap \(other.map) \"\(other.mapName)\" is")
                }
                _ = consume lock
            } catch {
                printError("unstuck: the bypass of sockmap \(id) is not undone: \(errorMessage(error))")
                isComplete = false
            }
        }
        let maps = undone.isEmpty ? "none" : undone.map { "\($0.map)" }.joined(separator: ", ")
        try writeOutput(ofChange: "sockmaps whose bypass was undone: \(maps)") {
            switch output.output {
            // That nothing was bypassed is known only of what could be seen.
            case .text where isComplete || !undone.isEmpty:
                try writeOutput(BypassText(style: output.style).renderUndone(undone))
            case .text: break
            case .json: try writeOutput(JSON.document(undone, command: "bypass"))
            }
        }
        if !isComplete { throw Exit.couldNotTell }
        if undone.contains(where: { !$0.isUndone }) { throw Exit.findings }
    }
}
