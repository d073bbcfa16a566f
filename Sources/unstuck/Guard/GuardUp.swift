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

    @Option(
        help: ArgumentHelp("A sockmap by its id, its name, or where it is pinned.", valueName: "map"),
        completion: .maps)
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

        let run = try GuardRun(map, options, registry)
        let environment = GuardRun.Environment(interruption: { signals.wait(seconds: 0) }) { map, error in
            printError("unstuck: sockmap \(map): \(error)")
        }
        let isComplete = try run.run(for: duration?.value, environment) {
            guard output.output == .text else { return }
            try writeOutput(run.states.map(GuardText(style: output.style).begun).joined())
        }
        try show(run.states, output)
        if !isComplete { throw Exit.couldNotTell }
    }

    private func pinAll(_ options: MapGuard.Options, _ registry: GuardRegistry) throws {
        let states = try GuardRun.pin(map, options, registry)
        let maps = states.map { "\($0.map)" }.joined(separator: ", ")
        try writeOutput(ofChange: "sockmaps that are guarded now, by pins: \(maps)") { try show(states, output) }
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
