import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckRepair

extension OperationError.Code {
    /// A map is not guarded; the cause says why.
    public static let notGuarded = Self(rawValue: "not-guarded")
}

/// The guards of this process: attached when it is made, at work in ``run(_:)``, detached when it goes.
public struct GuardRun {
    /// What a run asks of its caller.
    public struct Environment {
        /// What interrupted the run ("SIGTERM"), or `nil`; asked several times a second.
        public var interruption: () -> String?
        /// Called with a map whose guard works no more; the others go on.
        public var lost: (_ map: UInt32, _ error: any Error) -> Void

        public init(interruption: @escaping () -> String?, lost: @escaping (UInt32, any Error) -> Void) {
            self.interruption = interruption
            self.lost = lost
        }
    }

    private let registry: GuardRegistry
    private var guards: [MapGuard] = []
    private var locks: [LockBox] = []

    /// Guards each of the maps, or none.
    ///
    /// - Parameter maps: by id, name or pin (``NamedSockmap``).
    public init(_ maps: [String], _ options: MapGuard.Options, _ registry: GuardRegistry) throws(OperationError) {
        self.registry = registry
        for name in maps {
            do {
                let open = try NamedSockmap.open(name, root: options.root)
                guard try PinnedGuard(map: open.description.id, registry: registry) == nil else {
                    throw GuardError.isPinned
                }
                locks.append(LockBox(try registry.lock(open.description.id)))
                guards.append(try MapGuard(map: open, options))
            } catch {
                throw .notGuarded(name, error)
            }
        }
    }

    /// Guards without a process, by pinned links, from now on; those before one that fails stay.
    public static func pin(
        _ maps: [String], _ options: MapGuard.Options, _ registry: GuardRegistry
    ) throws(OperationError) -> [GuardState] {
        var states: [GuardState] = []
        for name in maps {
            do {
                let open = try NamedSockmap.open(name, root: options.root)
                let lock = try registry.lock(open.description.id)
                states.append(try PinnedGuard.setUp(map: open, options, registry: registry))
                _ = consume lock
            } catch {
                throw .notGuarded(name, error)
            }
        }
        return states
    }

    /// Of every guard.
    public var states: [GuardState] {
        guards.map { one in
            var state = one.state
            state.process = getpid()
            state.startTime = ProcessStatus.startTime(of: getpid())
            state.pidNamespace = GuardCondition.ownPIDNamespace
            return state
        }
    }

    /// Works until the time is over, something tells it to end, or no guard works any more.
    ///
    /// - Parameters:
    ///   - duration: seconds; `nil`: without end.
    ///   - begun: called once, when the guards are in the registry.
    /// - Returns: no map was lost meanwhile.
    /// - Throws: what `begun` throws; an error of writing the registry.
    public func run(for duration: Double?, _ environment: Environment, begun: () throws -> Void) throws -> Bool {
        let end = duration.map { ContinuousClock.now + .seconds($0) }
        var lost = Set<UInt32>()
        var nextWrite = ContinuousClock.now
        try record()
        defer { for one in guards { registry.remove(one.state.map) } }
        try begun()
        while end.map({ ContinuousClock.now < $0 }) ?? true, environment.interruption() == nil {
            for one in guards where !lost.contains(one.state.map) {
                do {
                    try one.work(waiting: guards.count == 1 ? 100 : 20)
                } catch {
                    // The kernel side goes on while we live.
                    lost.insert(one.state.map)
                    environment.lost(one.state.map, error)
                }
            }
            if lost.count == guards.count { break }
            if ContinuousClock.now >= nextWrite {
                try record()
                nextWrite = ContinuousClock.now + .seconds(1)
            }
        }
        return lost.isEmpty
    }

    private func record() throws {
        for state in states { try registry.write(state) }
    }

    /// Holds a lock where an array may.
    private final class LockBox {
        let lock: FileLock
        init(_ lock: consuming FileLock) { self.lock = lock }
    }
}

extension OperationError {
    fileprivate static func notGuarded(_ map: String, _ error: any Error) -> OperationError {
        OperationError(
            .notGuarded, "\(map) is not guarded: \(errorMessage(error, held: "it is already guarded"))", cause: error)
    }
}
