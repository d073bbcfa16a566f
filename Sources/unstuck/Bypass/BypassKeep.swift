import ArgumentParser
import UnstuckOperations

/// What `on --for` leaves behind: waits until the time is over and undoes the bypass.
struct BypassKeep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep", abstract: "Undo a bypass when its time is over.", shouldDisplay: false)

    @Option var map: UInt32
    @OptionGroup var node: NodeOptions

    func run() throws { BypassKeeper(root: node.nodeRoot).run(map) }
}
