import ArgumentParser
import Logging
import UnstuckKernel
import UnstuckModel

struct UnstuckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unstuck",
        abstract: "Finds, explains and repairs TCP connections that are established but stuck.",
        version: "unstuck \(unstuckVersion)",
        subcommands: [
            DiagnoseCommand.self, RepairCommand.self, GuardCommand.self, BypassCommand.self, SocketsCommand.self,
            SockmapsCommand.self,
            ProbeCommand.self,
            KernelCommand.self, CollectCommand.self,
        ])

    /// For the help, the man page and completions: ``Program`` takes it for `--version`, behind any command.
    @Flag(name: .customShort("V"), help: "Show the version, as --version does.")
    var showsVersion = false
}

@main
enum Main {
    static func main() {
        // Results go to stdout and messages to stderr whatever this is; the log is for anyone who looks into Unstuck itself.
        let level = CommandContext.process.environment("UNSTUCK_LOG").flatMap(Logger.Level.init(rawValue:)) ?? .warning
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        Program.run(UnstuckCommand.self, ProgramArguments.all)
    }
}
