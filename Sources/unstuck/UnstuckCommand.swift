import ArgumentParser
import UnstuckModel

@main
struct UnstuckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unstuck",
        abstract: "Finds, explains and repairs TCP connections that are established but stuck.",
        version: "unstuck \(unstuckVersion)",
        subcommands: [
            DiagnoseCommand.self, RepairCommand.self, SockmapsCommand.self, ProbeCommand.self, CollectCommand.self,
        ])
}
