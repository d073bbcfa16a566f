import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct GuardUp: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Guard sockmaps from now on.",
        discussion: """
            An unread byte and a free key cannot both be had. With --mode preserve an entry whose dead socket has unread \
            bytes is kept until they have been read: no byte is lost, and until then the next connection with the same \
            addresses and ports hangs. With --mode evict it is deleted: nothing hangs, and the bytes are lost and counted.

            Three ways lead to a dead entry, and all that are open are used: a sock_ops program beside or above the \
            accelerator's (in the same step), a tracepoint that wakes this process (milliseconds), and a look through the \
            map every --sweep seconds. With --pin only the first is used, and it needs no process: this one ends at once.

            EXAMPLES
              unstuck guard up --map 35
                  Until it is told to end by SIGINT or SIGTERM.
              unstuck guard up --map /sys/fs/bpf/cilium_sock_ops --mode evict --pin
                  Until `unstuck guard down`, or the next boot. Again, with another mode or version: replaces it in one step.

            EXIT STATUS
              0 guarded, and ended as told · 2 a map could not be guarded · 64 usage
            """)

    @Option(help: ArgumentHelp("A sockmap by its id, its name, or where it is pinned.", valueName: "map"))
    var map: [String]
    @Option(help: "What to do about dead sockets with unread bytes: preserve or evict.")
    var mode: GuardMode = .preserve
    @Flag(help: "Go on without a process, by pinned links.")
    var pin = false
    @Option(name: .customLong("path"), help: "Only these ways to a dead entry: sock_ops, events, sweep.")
    var paths: [GuardPath] = []
    @Option(help: ArgumentHelp("Seconds between two looks through the map.", valueName: "seconds"))
    var sweep = 10.0
    @Option(name: .customLong("for"), help: ArgumentHelp("End after so long: 90s, 10m, 2h.", valueName: "time"))
    var duration: DurationArgument?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !map.isEmpty else {
            throw ValidationError("name the maps to guard with --map: `unstuck sockmaps` lists them")
        }
        guard (0.5...3600).contains(sweep) else { throw ValidationError("--sweep is 0.5 to 3600 seconds") }
        guard !pin || (duration == nil && (paths.isEmpty || paths == [.socketOperations])) else {
            throw ValidationError(
                "--pin leaves no process behind: it goes with the sock_ops path alone, and without --for")
        }
    }

    func run() throws {
        let signals = SignalWaiter()
        let registry = GuardRegistry()
        registry.prepare()
        var options = MapGuard.Options()
        options.mode = mode
        options.sweepEvery = sweep
        options.root = node.nodeRoot
        if !paths.isEmpty { options.paths = Set(paths) }
        if pin { return try pinAll(options, registry) }

        var guarding = Guarding()
        for name in map {
            do {
                let open = try NamedSockmap.open(name, root: node.nodeRoot)
                guard try PinnedGuard(map: open.description.id, registry: registry) == nil else {
                    throw GuardError.isPinned
                }
                guarding.locks.append(LockBox(try registry.lock(open.description.id)))
                guarding.guards.append(try MapGuard(map: open, options))
            } catch {
                // Not half of what was asked for.
                printError("unstuck: \(name) is not guarded: \(errorMessage(error, held: "it is already guarded"))")
                throw Exit.couldNotTell
            }
        }
        let isComplete = try guarding.run(until: duration?.value, signals, registry, output)
        if !isComplete { throw Exit.couldNotTell }
    }

    private func pinAll(_ options: MapGuard.Options, _ registry: GuardRegistry) throws {
        var states: [GuardState] = []
        for name in map {
            do {
                let open = try NamedSockmap.open(name, root: node.nodeRoot)
                let lock = try registry.lock(open.description.id)
                states.append(try PinnedGuard.setUp(map: open, options, registry: registry))
                _ = consume lock
            } catch {
                printError("unstuck: \(name) is not guarded: \(errorMessage(error, held: "it is already guarded"))")
                throw Exit.couldNotTell
            }
        }
        let maps = states.map { "\($0.map)" }.joined(separator: ", ")
        try writeOutput(ofChange: "sockmaps that are guarded now, by pins: \(maps)") { try show(states, output) }
    }
}

/// Holds a lock where an array may.
private final class LockBox {
    let lock: FileLock
    init(_ lock: consuming FileLock) { self.lock = lock }
}

/// The guards of this process.
private struct Guarding {
    var guards: [MapGuard] = []
    var locks: [LockBox] = []

    /// Works until the time is over or a signal says so.
    ///
    /// - Returns: no map was lost meanwhile.
    func run(
        until duration: Double?, _ signals: SignalWaiter, _ registry: GuardRegistry, _ output: OutputOptions
    ) throws -> Bool {
        let end = duration.map { ContinuousClock.now + .seconds($0) }
        var lost = Set<UInt32>()
        var nextWrite = ContinuousClock.now
        for one in guards { try registry.write(state(one)) }
        defer { for one in guards { registry.remove(one.state.map) } }
        if output.output == .text {
            try writeOutput(guards.map { GuardText(style: output.style).begun($0.state) }.joined())
        }
        while end.map({ ContinuousClock.now < $0 }) ?? true, signals.wait(seconds: 0) == nil {
            for one in guards where !lost.contains(one.state.map) {
                do {
                    try one.work(waiting: guards.count == 1 ? 100 : 20)
                } catch {
                    // The kernel side goes on while we live.
                    lost.insert(one.state.map)
                    printError("unstuck: sockmap \(one.state.map): \(error)")
                }
            }
            if lost.count == guards.count { break }
            if ContinuousClock.now >= nextWrite {
                for one in guards { try registry.write(state(one)) }
                nextWrite = ContinuousClock.now + .seconds(1)
            }
        }
        try show(guards.map { state($0) }, output)
        return lost.isEmpty
    }

    private func state(_ one: MapGuard) -> GuardState {
        var state = one.state
        state.process = getpid()
        state.startTime = ProcessStatus.startTime(of: getpid())
        return state
    }
}

extension GuardMode: ExpressibleByArgument {}
extension GuardPath: ExpressibleByArgument {}

/// Prints guards.
func show(_ states: [GuardState], _ output: OutputOptions) throws {
    switch output.output {
    case .text: try writeOutput(GuardText(style: output.style).render(states))
    case .json: try writeOutput(JSON.document(states, command: "guard"))
    }
}
