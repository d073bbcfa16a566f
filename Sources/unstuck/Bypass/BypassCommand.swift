import ArgumentParser

struct BypassCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bypass",
        abstract: "Stop the bleeding at once: take an accelerator out of the path of new connections.",
        discussion: """
            Each sock_ops program that files sockets in the map is replaced, in its very place, by one of ours that lets new \
            connections be plain TCP. The map and its entries are not touched: what is established goes on as it is. `off` \
            puts back exactly what was there, and shows it.
            """,
        subcommands: [BypassOn.self, BypassOff.self, BypassStatus.self, BypassKeep.self],
        defaultSubcommand: BypassStatus.self)
}
