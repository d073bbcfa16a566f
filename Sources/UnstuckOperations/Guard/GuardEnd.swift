import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckRepair

/// Ends guards: pinned ones, those of processes, and what a killed one left.
public struct GuardEnd {
    public private(set) var ended: [GuardState] = []
    /// What could not be ended or seen, each as a clause for a person.
    public private(set) var problems: [String] = []
    public var isComplete: Bool { problems.isEmpty }

    private let registry: GuardRegistry
    private let written: [GuardState]
    private let unreadable: [String]

    /// Reads what is written; nothing is ended yet.
    public init(_ registry: GuardRegistry) {
        self.registry = registry
        (written, unreadable) = registry.read()
    }

    /// Ids and names of the maps whose guards are written down, which may have gone.
    public var known: [(id: UInt32, name: String)] { written.map { ($0.map, $0.mapName) } }

    /// - Parameter maps: their guards; empty: all.
    public mutating func run(_ maps: [UInt32]) {
        func isWanted(_ id: UInt32) -> Bool { maps.isEmpty || maps.contains(id) }
        if maps.isEmpty {
            problems += unreadable.map { "\($0) cannot be read" }
            do {
                _ = try MapUsers.programs(named: [MapGuard.programName])
            } catch {
                problems.append("whether a guard works in a container cannot be seen: \(errorMessage(error))")
            }
        }
        do {
            let pins = try PinnedGuard.maps()
            for id in pins where isWanted(id) { attempt(id) { try $0.takeDown(id) } }
            for state in written where state.isPinned && isWanted(state.map) && !pins.contains(state.map) {
                attempt(state.map) { try $0.tidyUp(state) }
            }
        } catch {
            problems.append("which guards are pinned cannot be seen: \(errorMessage(error))")
        }
        for state in written where !state.isPinned && isWanted(state.map) {
            attempt(state.map) { try $0.end(state) }
        }
    }

    private mutating func attempt(_ map: UInt32, _ end: (Self) throws -> GuardState?) {
        do {
            if let state = try end(self) { ended.append(state) }
        } catch {
            problems.append(
                "the guard of sockmap \(map) was not ended: \(errorMessage(error, held: "it works still"))")
        }
    }

    private func takeDown(_ map: UInt32) throws -> GuardState? {
        let lock = try registry.lock(map)
        let pinned = try PinnedGuard(map: map, registry: registry)
        if let pinned { pinned.takeDown(registry: registry) } else { PinnedGuard.removeRest(of: map) }
        _ = consume lock
        return pinned?.state
    }

    /// A process's, which holds the map's lock as long as it works.
    private func end(_ state: GuardState) throws -> GuardState? {
        let isOurs = state.pidNamespace == nil || state.pidNamespace == GuardCondition.ownPIDNamespace
        if let pid = state.process, isOurs, ProcessStatus.startTime(of: pid) == state.startTime {
            // One that is stopped must go on to hear it.
            try syscall("kill", on: "process \(pid)") { kill(pid, SIGTERM) }
            if ProcessStatus(of: pid)?.state == .stopped { kill(pid, SIGCONT) }
        }
        return try tidyUp(state)
    }

    /// Removes what one has left that does nothing any more.
    private func tidyUp(_ state: GuardState) throws -> GuardState? {
        let lock = try registry.lock(state.map, patience: 10)
        // Not that of another one which was begun since.
        let now = registry.record(of: state.map)
        if now == nil || now?.process == state.process && now?.since == state.since { registry.remove(state.map) }
        _ = consume lock
        return state
    }
}
