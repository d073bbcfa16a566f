import UnstuckKernel
import UnstuckModel
import UnstuckRepair

/// The guards of a node: those of processes and those that are pinned.
public struct GuardReading {
    public private(set) var states: [GuardState] = []
    /// What could not be seen, each as a clause for a person.
    public private(set) var problems: [String] = []
    public var isComplete: Bool { problems.isEmpty }

    /// Read-only.
    public init(_ registry: GuardRegistry) {
        let (written, unreadable) = registry.read()
        problems = unreadable.map { "\($0) cannot be read" }
        states = written.filter { !$0.isPinned }
        do {
            let pins = try PinnedGuard.maps()
            states += written.filter { $0.isPinned && !pins.contains($0.map) }.map { $0.withoutPins() }
            for map in pins { addPinned(map, registry) }
        } catch {
            problems.append("which guards are pinned cannot be seen: \(errorMessage(error))")
        }
        for index in states.indices { Self.observe(&states[index]) }
    }

    private mutating func addPinned(_ map: UInt32, _ registry: GuardRegistry) {
        do {
            guard let pinned = try PinnedGuard(map: map, registry: registry) else { return }
            var state = pinned.state
            state.held = try Self.heldEntries(of: map)
            states.append(state)
        } catch {
            problems.append("the pinned guard of sockmap \(map): \(errorMessage(error))")
        }
    }

    private static func observe(_ state: inout GuardState) {
        if let users = try? MapUsers(of: [sockmap(state.map)]) {
            state.isInUse = users.programs.contains { $0.type == "sk_msg" }
        }
        guard let process = state.process, ProcessStatus.startTime(of: process) != state.startTime else { return }
        state.process = nil
    }

    /// A pinned guard keeps no list: dead sockets with unread bytes are what it holds.
    private static func heldEntries(of map: UInt32) throws -> [GuardState.Held] {
        guard let open = try BPFTable.openSockmap(id: map) else { return [] }
        return try SockmapObserver().entries(of: open).filter {
            $0.resident.residentState.isDead && ($0.resident.psock?.queuedBytes ?? 0) > 0
        }.map {
            GuardState.Held(
                key: $0.key, tuple: $0.resident.tuple, netns: $0.resident.netns,
                unreadBytes: $0.resident.psock?.queuedBytes ?? 0, seconds: 0)
        }
    }

    private static func sockmap(_ id: UInt32) -> Sockmap {
        Sockmap(id: id, name: "", kind: .sockhash, keySize: 4, valueSize: 4, maxEntries: 1)
    }
}

extension GuardState {
    /// Its process is gone and was not told to end, or what was pinned works no more.
    public var hasEnded: Bool { isPinned ? paths.isEmpty : process == nil }

    /// A pinned guard of which nothing but the record is left.
    fileprivate func withoutPins() -> GuardState {
        var state = self
        state.paths = []
        state.reasons = ["its pins have gone: `unstuck guard down --map \(map)` tidies up"]
        return state
    }
}
