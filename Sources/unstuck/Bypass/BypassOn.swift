import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct BypassOn: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "on", abstract: "Keep new connections out of a sockmap: they use plain TCP.",
        discussion: """
            Returns at once. With --for it is reverted on timeout by a background process; if that is killed, the shim \
            passes all events through to the original programs from then on. Run it again to change the timeout.

            What else the accelerator's programs do for a socket goes on, except at the two events at which a connection is \
            established; --all-events stops that too, for a program that inserts sockets at other events.

            EXAMPLES
              unstuck bypass on --map 35 --for 10m
                  New connections on this node are not accelerated for ten minutes.
              unstuck bypass on --map /sys/fs/bpf/cilium_sock_ops --established drain
                  The same until `unstuck bypass off`; waits until the accelerated connections have closed.

            EXIT STATUS
              0 bypassed
              1 bypassed, and accelerated connections remain after --established drain
              2 not done: nothing is changed, or what is changed is named
              64 usage
            """)

    enum Established: String, ExpressibleByArgument, CaseIterable { case leave, drain }

    @Option(
        help: ArgumentHelp("A sockmap by its id, its name, or where it is pinned.", valueName: "map"),
        completion: .maps)
    var map: String
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Revert it after this time: 90s, 10m, 2h; a week at most.", valueName: "time"))
    var duration: DurationArgument?
    @Option(help: "Accelerated connections: leave them, or wait until they have closed (drain). None is reset.")
    var established: Established = .leave
    @Option(
        help: ArgumentHelp(
            "With --established drain: how long to wait for them: 90s, 10m, 2h (default: 10m).", valueName: "time"))
    var drainFor: DurationArgument?
    @Flag(help: "Keep all events from the accelerator's program.")
    var allEvents = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard duration?.seconds != 0, drainFor?.seconds != 0 else {
            throw ValidationError("--for and --drain-for are more than 0s")
        }
        guard drainFor == nil || established == .drain else {
            throw ValidationError("--drain-for goes with --established drain")
        }
    }

    func run(_ context: CommandContext) throws {
        let signals = SignalWaiter()
        var options = Bypass.Options()
        options.seconds = duration?.seconds
        options.takesAllEvents = allEvents
        var state = try BypassSwitch(root: node.nodeRoot(context)).turnOn(map, options) { try keeper(of: $0) }
        if established == .drain {
            state.drain(for: drainFor?.seconds ?? 600, wait: signals.wait(seconds:)) {
                context.printProgress("\($0) entries of live connections are left")
            }
        }
        try context.write(ofChange: "sockmap \(state.map) is bypassed") { try show([state], output, context) }
        if established == .drain, state.liveEntries != 0 { throw Exit.findings }
    }

    /// Another process of this very program.
    private func keeper(of state: BypassState) throws -> Int32 {
        guard let own = linkTarget("/proc/self/exe") else {
            throw SystemError("readlink", "/proc/self/exe", errno: errno)
        }
        return try DetachedProcess.start([own, "bypass", "keep", "--map", "\(state.map)", "--root", node.root])
    }
}

/// Prints bypasses.
func show(_ states: [BypassState], _ output: OutputOptions, _ context: CommandContext) throws {
    switch output.output {
    case .text: try context.writeText(BypassText(style: context.style).render(states))
    case .json: try context.write(JSON.document(states, command: "bypass", version: 2))
    }
}
