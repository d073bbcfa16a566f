import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckOperations
import UnstuckRender

/// From the command line to the exit status: what every command has in common.
enum Program {
    /// Runs what the arguments ask for, and ends the process.
    ///
    /// ArgumentParser's own `main` prints help, and errors of any kind, without looking whether it could; and takes every
    /// error for status 1, which says *findings* here.
    static func run(_ root: any ParsableCommand.Type, _ arguments: [String]) -> Never {
        StandardOutput.catchBrokenPipes()
        do {
            let status = try status(of: root, arguments)
            try StandardOutput.finish()
            Glibc.exit(status)
        } catch {
            if error.hasReaderLeft { StandardOutput.endForLackOfReader() }
            printError("unstuck: \(error)")
            Glibc.exit(Exit.couldNotTell.rawValue)
        }
    }

    private static func status(
        of root: any ParsableCommand.Type, _ arguments: [String]
    ) throws(StandardOutput.Failure) -> Int32 {
        if let mistake = CommandWords(root).mistake(in: arguments) {
            printError("unstuck: \(mistake)")
            return ExitCode.validationFailure.rawValue
        }
        do {
            var command = try root.parseAsRoot(arguments.map { $0 == "-V" ? "--version" : $0 })
            try command.run()
            return 0
        } catch let failure as StandardOutput.Failure {
            throw failure
        } catch {
            let code = root.exitCode(for: error)
            // Findings and the like, which were told already; help and version; mistakes of usage; whatever else there is.
            if error is ExitCode { return code.rawValue }
            if code.isSuccess {
                try StandardOutput.write(Terminal.characters.shown(root.fullMessage(for: error) + "\n"))
            } else if code == .validationFailure {
                printError(root.fullMessage(for: error))
            } else {
                printError("unstuck: \(errorMessage(error))")
                return Exit.couldNotTell.rawValue
            }
            return code.rawValue
        }
    }
}
