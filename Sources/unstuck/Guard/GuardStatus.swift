import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct GuardStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Which maps are guarded, how, and what was removed. Touches nothing.",
        discussion: """
            EXAMPLES
              unstuck guard status
                  Removals by path, and every entry that is held because bytes are unread.
              unstuck guard status --output json | jq '.data[].counts'
                  The same for machines.

            EXIT STATUS
              0 every guard works, or there is none · 1 entries are held, or a guard has ended without cleaning up · \
            2 could not tell · 64 usage
            """)

    @OptionGroup var output: OutputOptions

    func run() throws {
        let registry = GuardRegistry()
        let (written, unreadable) = registry.read()
        for path in unreadable { printError("unstuck: \(path) cannot be read") }
        var states = written.filter { !$0.isPinned }
        var isComplete = unreadable.isEmpty
        var pins: [UInt32] = []
        do {
            pins = try PinnedGuard.maps()
            states += written.filter { $0.isPinned && !pins.contains($0.map) }.map { $0.withoutPins() }
        } catch {
            printError("unstuck: which guards are pinned cannot be seen: \(errorMessage(error))")
            isComplete = false
        }
        for map in pins {
            do {
                guard let pinned = try PinnedGuard(map: map, registry: registry) else { continue }
                var state = pinned.state
                state.held = try heldEntries(of: map)
                states.append(state)
            } catch {
                printError("unstuck: the pinned guard of sockmap \(map): \(errorMessage(error))")
                isComplete = false
            }
        }
        for index in states.indices { look(at: &states[index]) }
        if output.output == .json || isComplete || !states.isEmpty { try show(states, output) }
        if states.contains(where: { !$0.held.isEmpty || $0.hasEnded }) { throw Exit.findings }
        if !isComplete { throw Exit.couldNotTell }
    }

    private func look(at state: inout GuardState) {
        if let users = try? MapUsers(of: [GuardState.sockmap(state.map)]) {
            state.isInUse = users.programs.contains { $0.type == "sk_msg" }
        }
        guard let process = state.process, ProcessStatus.startTime(of: process) != state.startTime else { return }
        state.process = nil
    }

    /// A pinned guard keeps no list: dead residents with unread bytes are what it holds.
    private func heldEntries(of map: UInt32) throws -> [GuardState.Held] {
        guard let open = try BPFTable.openSockmap(id: map) else { return [] }
        return try SockmapObserver().entries(of: open).filter {
            $0.resident.residentState.isDead && ($0.resident.psock?.queuedBytes ?? 0) > 0
        }.map {
            GuardState.Held(
                key: $0.key, tuple: $0.resident.tuple, netns: $0.resident.netns,
                unreadBytes: $0.resident.psock?.queuedBytes ?? 0, seconds: 0)
        }
    }
}

extension GuardState {
    /// Its process is gone and was not told to end, or what was pinned works no more.
    var hasEnded: Bool { isPinned ? paths.isEmpty : process == nil }

    /// A pinned guard of which nothing but the record is left.
    fileprivate func withoutPins() -> GuardState {
        var state = self
        state.paths = []
        state.reasons = ["its pins have gone: `unstuck guard down --map \(map)` tidies up"]
        return state
    }

    static func sockmap(_ id: UInt32) -> Sockmap {
        Sockmap(id: id, name: "", kind: .sockhash, keySize: 4, valueSize: 4, maxEntries: 1)
    }
}
