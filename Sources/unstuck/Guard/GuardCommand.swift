import ArgumentParser

struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard",
        abstract: "Remove a socket's entries when it closes, for any accelerator.",
        discussion: """
            Removes a socket's entries from a sockmap when the socket closes, which kernels since 5.16, 5.15.3 and 5.10.80 \
            do not do: the next connection with the same addresses and ports then finds its key free. The accelerator is not \
            touched. `up` changes the node until it ends or `down` is called; `status` only reads.
            """,
        subcommands: [GuardUp.self, GuardStatus.self, GuardDown.self], defaultSubcommand: GuardStatus.self)
}
