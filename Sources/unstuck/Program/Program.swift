import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckOperations

/// From the command line to the exit status: what every command has in common.
enum Program {
    /// Runs what the arguments ask for, and ends the process.
    ///
    /// ArgumentParser's own `main` prints help, and errors of any kind, without looking whether it could; and takes every
    /// error for status 1, which says *findings* here.
    static func run(_ root: any ParsableCommand.Type, _ arguments: [String]) -> Never {
        StandardOutput.catchBrokenPipes()
        let context = CommandContext.process
        do {
            let status = try status(of: root, arguments, context)
            try StandardOutput.finish()
            Glibc.exit(status)
        } catch {
            if error.hasReaderLeft { StandardOutput.endForLackOfReader() }
            context.printError("unstuck: \(error)")
            Glibc.exit(Exit.couldNotTell.rawValue)
        }
    }

    /// Runs what the arguments ask for.
    ///
    /// - Returns: the exit status; messages were printed.
    static func status(
        of root: any ParsableCommand.Type, _ arguments: [String], _ context: CommandContext
    ) throws(StandardOutput.Failure) -> Int32 {
        if let mistake = CommandWords(root).mistake(in: arguments) {
            context.printError("unstuck: \(mistake)")
            return ExitCode.validationFailure.rawValue
        }
        do {
            var command = try root.parseAsRoot(arguments.map { $0 == "-V" ? "--version" : $0 })
            if let command = command as? any ContextCommand { try command.run(context) } else { try command.run() }
            return 0
        } catch let failure as StandardOutput.Failure {
            throw failure
        } catch {
            let code = root.exitCode(for: error)
            // Findings and the like, which were told already; help and version; mistakes of usage; whatever else there is.
            if error is ExitCode { return code.rawValue }
            if code.isSuccess {
                try context.writeText(root.fullMessage(for: error) + "\n")
            } else if code == .validationFailure {
                context.printError(root.fullMessage(for: error))
            } else {
                context.printError("unstuck: \(errorMessage(error))")
                return Exit.couldNotTell.rawValue
            }
            return code.rawValue
        }
    }
}
