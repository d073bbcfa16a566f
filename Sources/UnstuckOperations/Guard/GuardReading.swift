import Glibc
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
    ///
    /// - Parameter readsHeld: also look through the maps of pinned guards for what these hold.
    public init(_ registry: GuardRegistry, readsHeld: Bool = true) {
        let (written, unreadable) = registry.read()
        problems = unreadable.map { "\($0) cannot be read" }
        states = written.filter { !$0.isPinned }
        do {
            let pins = try PinnedGuard.maps()
            states += written.filter { $0.isPinned && !pins.contains($0.map) }.map { $0.withoutPins() }
            for map in pins { addPinned(map, registry, readsHeld: readsHeld) }
        } catch {
            problems.append("which guards are pinned cannot be seen: \(errorMessage(error))")
        }
        let condition = GuardCondition(registry)
        for index in states.indices {
            Self.observe(&states[index])
            condition.note(in: &states[index])
        }
        addForeign()
    }

    /// A guard of a container keeps its record there; its program is seen everywhere.
    private mutating func addForeign() {
        let programs: [BPFProgram]
        do {
            programs = try MapUsers.programs(named: [MapGuard.programName])
        } catch {
            problems.append("whether a guard works in a container cannot be seen: \(errorMessage(error))")
            return
        }
        let known = Set(states.map(\.map))
        for program in programs {
            // It uses one sockmap, and maps of its own.
            let maps = program.maps.filter { (try? BPFTable.openSockmap(id: $0)) != nil }
            for map in maps where !known.contains(map) {
                problems.append(
                    "sockmap \(map) is guarded by program \(program.id), of a guard whose record is not here "
                        + "(in a container?): run guard status there")
            }
        }
    }

    private mutating func addPinned(_ map: UInt32, _ registry: GuardRegistry, readsHeld: Bool) {
        do {
            guard let pinned = try PinnedGuard(map: map, registry: registry) else { return }
            var state = pinned.state
            if readsHeld { state.held = try Self.heldEntries(of: map) }
            states.append(state)
        } catch {
            problems.append("the pinned guard of sockmap \(map): \(errorMessage(error))")
        }
    }

    private static func observe(_ state: inout GuardState) {
        if let users = try? MapUsers(of: [sockmap(state.map)]) {
            state.isInUse = users.programs.contains { $0.type == "sk_msg" }
        }
    }

    /// A pinned guard keeps no list: dead sockets are what it holds. Those whose bytes have been read since are among them, for
    /// nothing tries them again; so are those that died before the guard began.
    private static func heldEntries(of map: UInt32) throws -> [GuardState.Held] {
        guard let open = try BPFTable.openSockmap(id: map) else { return [] }
        let observer = SockmapObserver()
        let dead = try observer.entries(of: open).filter(\.socket.liveness.isDead)
        guard !dead.isEmpty else { return [] }
        // Sockets that close pass through that state for microseconds.
        usleep(200_000)
        let before = Dictionary(dead.map { ($0.key, $0.socket.identity) }) { first, _ in first }
        return try observer.entries(of: open).filter { entry in
            entry.socket.liveness.isDead && before[entry.key]?.mayBe(entry.socket.identity) ?? false
        }.map {
            GuardState.Held(
                key: $0.key, tuple: $0.socket.tuple, netns: $0.socket.netns,
                unreadBytes: $0.socket.psock?.queuedBytes ?? 0, seconds: 0)
        }
    }

    private static func sockmap(_ id: UInt32) -> Sockmap {
        Sockmap(id: id, name: "", kind: .sockhash, keySize: 4, valueSize: 4, maxEntries: 1)
    }
}

extension GuardState {
    /// It was seen that it does not work: its process is stopped or gone, or what was pinned works no more.
    public var isIdle: Bool { [.stopped, .ended, .severed].contains(condition) }

    /// A pinned guard of which nothing but the record is left.
    fileprivate func withoutPins() -> GuardState {
        var state = self
        state.paths = []
        state.reasons = ["its pins have gone: `unstuck guard down --map \(map)` tidies up"]
        return state
    }
}
