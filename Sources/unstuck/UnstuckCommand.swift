import ArgumentParser
import UnstuckModel

@main struct UnstuckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unstuck",
        abstract: "Finds, explains and repairs TCP connections that are established but stuck.",
        discussion: """
            Exit status: 0 nothing wrong, 1 something is, 2 could not tell (what is missing is named), 64 usage.
            """,
        version: unstuckVersion,
        groupedSubcommands: [
            CommandGroup(name: "Probing (ordinary traffic, nothing stays)", subcommands: [ProbeCommand.self])
        ])
}
