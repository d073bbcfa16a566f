import ArgumentParser
import UnstuckLab

/// Becomes another program, which ends when the process that started it does: however that one ends, SIGKILL included.
struct ParentDeathGuard: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command that does not outlive its parent.", shouldDisplay: false)

    @Argument(help: "The parent's process id.")
    var parent: Int32
    @Argument(parsing: .postTerminator)
    var command: [String]

    func run() throws {
        try Joining.endWithParent(parent)
        try Joining.become(command)
    }
}
