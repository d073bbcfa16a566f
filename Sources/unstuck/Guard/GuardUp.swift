import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct GuardUp: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Guard sockmaps from now on.",
        discussion: """
            Either a dead socket's unread bytes are kept, or its key is freed. With --mode preserve an entry whose dead socket \
            has unread bytes is kept until they have been read: no byte is lost, and until then the next connection with the same \
            addresses and ports hangs. With --mode evict it is deleted: nothing hangs, and the bytes are lost and counted.

            Stale entries are found in three ways, and all that this kernel has are used: a sock_ops program beside or above \
            the accelerator's (in the same step), a tracepoint that wakes this process (milliseconds), and a pass over the \
            map every --sweep. With --pin only the first is used, and it needs no process: this one ends at once.

            EXAMPLES
              unstuck guard up --map 35
                  Until SIGINT or SIGTERM.
              unstuck guard up --map /sys/fs/bpf/cilium_sock_ops --mode evict --pin
                  Until `unstuck guard down`, or the next boot. Again, with another mode or version: replaces it in one step.

            EXIT STATUS
              0 guarded, and ended by a signal or --for
              1 the same, and entries with unread bytes are left in a map
              2 a map could not be guarded
              64 usage
            """)

    @Option(
        help: ArgumentHelp("A sockmap by its id, its name, or where it is pinned.", valueName: "map"),
        completion: .maps)
    var map: [String]
    @Option(help: "What to do about dead sockets with unread bytes: preserve or evict.")
    var mode: GuardMode = .preserve
    @Flag(help: "Guard without a process, by pinned links.")
    var pin = false
    @Option(name: .customLong("path"), help: "Only these ways to find stale entries: sock_ops, events, sweep.")
    var paths: [GuardPath] = []
    @Option(help: ArgumentHelp("Time between two passes over the map: 10s, 500ms.", valueName: "time"))
    var sweep: DurationArgument = 10
    @Option(name: .customLong("for"), help: ArgumentHelp("Stop after this time: 90s, 10m, 2h.", valueName: "time"))
    var duration: DurationArgument?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !map.isEmpty else {
            throw ValidationError("name the maps to guard with --map: `unstuck sockmaps` lists them")
        }
        guard (0.5...3600).contains(sweep.seconds) else { throw ValidationError("--sweep is 500ms to 1h") }
        guard duration?.seconds != 0 else { throw ValidationError("--for is more than 0s") }
        guard !pin || (duration == nil && (paths.isEmpty || paths == [.socketOperations])) else {
            throw ValidationError(
                "--pin leaves no process behind: it goes with the sock_ops path alone, and without --for")
        }
    }

    func run(_ context: CommandContext) throws {
        let signals = SignalWaiter()
        let registry = GuardRegistry()
        registry.prepare()
        var options = MapGuard.Options()
        options.mode = mode
        options.sweepEvery = sweep.seconds
        options.root = node.nodeRoot(context)
        if !paths.isEmpty { options.paths = Set(paths) }
        if pin { return try pinAll(options, registry, context) }

        let run = try GuardRun(map, options, registry)
        let environment = GuardRun.Environment(interruption: { signals.wait(seconds: 0) }) { map, error in
            context.printError("unstuck: sockmap \(map): \(error)")
        }
        let isComplete = try run.run(for: duration?.seconds, environment) {
            guard output.output == .text else { return }
            try context.writeText(run.states.map(GuardText(style: context.style).begun).joined())
        }
        try show(run.states, output, context)
        if run.states.contains(where: { !$0.held.isEmpty }) { throw Exit.findings }
        if !isComplete { throw Exit.couldNotTell }
    }

    private func pinAll(_ options: MapGuard.Options, _ registry: GuardRegistry, _ context: CommandContext) throws {
        let states = try GuardRun.pin(map, options, registry)
        let maps = states.map { "\($0.map)" }.joined(separator: ", ")
        try context.write(ofChange: "sockmaps that are guarded now, by pins: \(maps)") {
            try show(states, output, context)
        }
    }
}

extension GuardMode: ExpressibleByArgument {}
extension GuardPath: ExpressibleByArgument {}

/// Prints guards.
func show(_ states: [GuardState], _ output: OutputOptions, _ context: CommandContext) throws {
    switch output.output {
    case .text: try context.writeText(GuardText(style: context.style).render(states))
    case .json: try context.write(JSON.document(states, command: "guard", version: 2))
    }
}
