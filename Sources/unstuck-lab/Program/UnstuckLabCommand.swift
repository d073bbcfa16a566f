import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckLab
import UnstuckModel

/// The lab's command line. It breaks things on purpose and does not ship to nodes.
@main
struct UnstuckLabCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unstuck-lab",
        abstract: "Builds a node with pods in network namespaces, and breaks its connections for real.",
        discussion: """
            Nothing is connected to the machine's own network. Everything lies below /run/unstuck-lab/NAME, in \
            network namespaces unstuck-NAME-* and in one cgroup, and `down` removes all of it.

            EXAMPLES
              unstuck-lab up && unstuck-lab break zombie --pod shop/web-0
              unstuck-lab exec -- curl -m 2 --local-port 50504 203.0.113.10:8080/healthz
            """,
        version: "unstuck-lab \(unstuckVersion)",
        subcommands: [
            Up.self, Break.self, Heal.self, Down.self, List.self, Exec.self, Refuse.self, Load.self, BurstCommand.self,
            RunFault.self,
            StressTestCommand.self,
            Faults.self,
            Kernels.self, Boot.self, Suites.self, Serve.self, Actor.self, EndCommand.self, GuestCommand.self,
            ParentDeathGuard.self,
        ])

    /// Every failure that is not one of usage ends with status 2 and a sentence that says what is missing.
    static func main() {
        StandardOutput.catchBrokenPipes()
        do {
            let status = try status(of: ProgramArguments.all)
            try StandardOutput.finish()
            Glibc.exit(status)
        } catch {
            end(of: error)
        }
    }

    /// Of output that could not be written.
    static func end(of failure: StandardOutput.Failure) -> Never {
        if failure.hasReaderLeft { StandardOutput.endForLackOfReader() }
        Failure.report(failure)
    }

    private static func status(of arguments: [String]) throws(StandardOutput.Failure) -> Int32 {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
            return 0
        } catch let failure as StandardOutput.Failure {
            throw failure
        } catch let error as any CustomStringConvertible & Error where Failure.isOurs(error) {
            Failure.report(error)
        } catch {
            let text = fullMessage(for: error)
            if exitCode(for: error).isSuccess {
                try StandardOutput.write(text + "\n")
            } else if !text.isEmpty {
                Output.progress(text)
            }
            return exitCode(for: error).rawValue
        }
    }
}

/// How a failure of the lab leaves the program.
enum Failure {
    static func isOurs(_ error: any Error) -> Bool {
        !(error is ExitCode || error is ValidationError || error is CleanExit)
            && UnstuckLabCommand.exitCode(for: error) == .failure
    }

    static func report(_ error: any Error & CustomStringConvertible) -> Never {
        Output.progress("unstuck-lab: \(error)")
        Glibc.exit(2)
    }
}
