import ArgumentParser

struct BypassCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bypass",
        abstract: "Take an accelerator out of the path of new connections, reversibly.",
        discussion: """
            Each sock_ops program that inserts sockets into the map is replaced in place by a shim that keeps new \
            connections out of the map, so that they use plain TCP. The map and its entries are not touched: established \
            connections stay accelerated. `off` restores the programs and shows the list before and after.
            """,
        subcommands: [BypassOn.self, BypassOff.self, BypassStatus.self, BypassKeep.self],
        defaultSubcommand: BypassStatus.self)
}
