import ArgumentParser
import UnstuckModel
import UnstuckOperations
import UnstuckProbing
import UnstuckRender

struct KernelCanary: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "canary", abstract: "Test whether this kernel has the sockmap bugs, by trying each one.",
        discussion: """
            The leak of unaccepted connections, the zombie, FIONREAD, splice, and EAGAIN from a blocking recv (after a \
            shutdown, a signal, SIGSTOP), over IPv4 and IPv6, in an isolated network namespace, cgroup and sockmap. The \
            answer is valid for vendor kernels too, whatever their version. It takes well under two seconds on a real \
            machine, and leaves nothing behind.

            Another sock_ops program that runs for every cgroup sees the canary's sockets and may insert them into \
            its map. Then nothing is tried, unless --remove-own-keys is given, which deletes them afterwards.

            EXAMPLES
              unstuck kernel canary
                  Every fault: present, absent or inconclusive, and what was seen.
              unstuck kernel canary --remove-own-keys --output json
                  The same on a node with an accelerator at the root cgroup.

            EXIT STATUS
              0 none is present
              1 some are
              2 inconclusive, or refused
              64 usage
            """)

    @Option(help: ArgumentHelp("What was not tried by then is inconclusive: 2s, 500ms.", valueName: "time"))
    var deadline: DurationArgument = 2
    @Flag(
        help:
            "Try although other projects' sock_ops programs see it, and delete the canary's keys from their maps afterwards."
    )
    var removeOwnKeys = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0.1...600).contains(deadline.seconds) else { throw ValidationError("--deadline is 100ms to 10m") }
    }

    func run(_ context: CommandContext) throws {
        var options = Canary.Options()
        options.deadline = deadline.seconds
        options.removesOwnKeys = removeOwnKeys
        options.root = node.nodeRoot(context)
        var arguments = ["kernel", "canary-actor", "--deadline", "\(deadline.seconds)", "--root", node.root]
        if removeOwnKeys { arguments.append("--remove-own-keys") }
        let report = try CanaryProcess(arguments: arguments).run(options)
        switch output.output {
        case .text: try context.writeText(CanaryText(style: context.style).render(report))
        case .json: try context.write(JSON.document(report, command: "kernel.canary"))
        }
        if report.trials.contains(where: { $0.word == .present }) { throw Exit.findings }
        if report.isRefused || report.keysLeft > 0 || report.trials.contains(where: { $0.word == .inconclusive }) {
            throw Exit.couldNotTell
        }
    }
}
