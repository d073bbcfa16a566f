import ArgumentParser
import UnstuckLab

/// One end of a connection, as a process of its own.
struct EndCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end", abstract: "Be one end of a cause's connection.", shouldDisplay: false)

    @Option(help: "The process that this one ends with.")
    var parent: Int32
    @Argument(help: "What to do, as JSON.")
    var steps: String

    func run() throws {
        var process = try EndProcess(steps: steps)
        try process.run(parent: parent)
    }
}
