import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct GuardDown: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "End guards: pinned ones, those of processes, and what a killed one left.",
        discussion: """
            EXAMPLES
              unstuck guard down
                  All of this node.
              unstuck guard down --map 35
                  One.

            EXIT STATUS
              0 ended, or there was none · 2 could not · 64 usage
            """)

    @OptionGroup var maps: MapOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let registry = GuardRegistry()
        registry.prepare()
        let (written, unreadable) = registry.read()
        let wanted = try maps.ids(root: node.nodeRoot, of: written.map { ($0.map, $0.mapName) })
        func isWanted(_ id: UInt32) -> Bool { wanted.isEmpty || wanted.contains(id) }
        var ended: [GuardState] = []
        var isComplete = true
        if wanted.isEmpty {
            for path in unreadable { printError("unstuck: \(path) cannot be read") }
            isComplete = unreadable.isEmpty
        }
        func attempt(_ map: UInt32, _ end: () throws -> GuardState?) {
            do {
                if let state = try end() { ended.append(state) }
            } catch {
                printError(
                    "unstuck: the guard of sockmap \(map) was not ended: \(errorMessage(error, held: "it works still"))"
                )
                isComplete = false
            }
        }
        do {
            let pins = try PinnedGuard.maps()
            for id in pins where isWanted(id) { attempt(id) { try takeDown(id, registry) } }
            for state in written where state.isPinned && isWanted(state.map) && !pins.contains(state.map) {
                attempt(state.map) { try tidyUp(state, registry) }
            }
        } catch {
            printError("unstuck: which guards are pinned cannot be seen: \(errorMessage(error))")
            isComplete = false
        }
        for state in written where !state.isPinned && isWanted(state.map) {
            attempt(state.map) { try end(state, registry) }
        }
        let maps = ended.isEmpty ? "none" : ended.map { "\($0.map)" }.joined(separator: ", ")
        try writeOutput(ofChange: "sockmaps whose guard was ended: \(maps)") {
            switch output.output {
            case .text where isComplete || !ended.isEmpty:
                try writeOutput(GuardText(style: output.style).renderEnded(ended))
            case .text: break
            case .json: try writeOutput(JSON.document(ended, command: "guard"))
            }
        }
        if !isComplete { throw Exit.couldNotTell }
    }

    private func takeDown(_ map: UInt32, _ registry: GuardRegistry) throws -> GuardState? {
        let lock = try registry.lock(map)
        let pinned = try PinnedGuard(map: map, registry: registry)
        pinned?.takeDown(registry: registry)
        _ = consume lock
        return pinned?.state
    }

    /// A process's, which holds the map's lock as long as it works.
    private func end(_ state: GuardState, _ registry: GuardRegistry) throws -> GuardState? {
        if let pid = state.process, ProcessStatus.startTime(of: pid) == state.startTime {
            try syscall("kill", on: "process \(pid)") { kill(pid, SIGTERM) }
        }
        return try tidyUp(state, registry)
    }

    /// Removes what one has left that does nothing any more.
    private func tidyUp(_ state: GuardState, _ registry: GuardRegistry) throws -> GuardState? {
        let lock = try registry.lock(state.map, patience: 10)
        // Not that of another one which was begun since.
        let now = registry.record(of: state.map)
        if now == nil || now?.process == state.process && now?.since == state.since { registry.remove(state.map) }
        _ = consume lock
        return state
    }
}
