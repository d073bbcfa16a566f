import ArgumentParser

struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard",
        abstract: "Make an affected kernel forget dead sockets, for anybody's accelerator.",
        discussion: """
            Takes a socket's entries out of a sockmap when the socket dies, which kernels since 5.16, 5.15.3 and 5.10.80 leave \
            undone: the next connection with the same addresses and ports then finds its key free. The accelerator is not \
            touched. `up` changes the node until it ends or `down` is called; `status` only reads.
            """,
        subcommands: [GuardUp.self, GuardStatus.self, GuardDown.self], defaultSubcommand: GuardStatus.self)
}
