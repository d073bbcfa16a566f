import ArgumentParser
import UnstuckOperations

/// What `on --for` leaves behind: waits until the time is over and undoes the bypass.
struct BypassKeep: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep", abstract: "Revert a bypass on timeout.", shouldDisplay: false)

    @Option var map: UInt32
    @OptionGroup var node: NodeOptions

    func run(_ context: CommandContext) throws { BypassKeeper(root: node.nodeRoot(context)).run(map) }
}
