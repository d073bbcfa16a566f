import ArgumentParser
import Glibc
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
            network namespaces unstuck-NAME-* and in one control group, and `down` removes all of it.

            EXAMPLES
              unstuck-lab up && unstuck-lab break zombie --pod shop/web-0
              unstuck-lab exec -- curl -m 2 --local-port 50504 203.0.113.10:8080/healthz
            """,
        version: "unstuck-lab \(unstuckVersion)",
        subcommands: [
            Up.self, Break.self, Heal.self, Down.self, List.self, Exec.self, Load.self, Volley.self, Play.self,
            DrillCommand.self,
            Faults.self,
            Kernels.self, Boot.self, Suites.self, Serve.self, Actor.self, GuestCommand.self, Leash.self,
        ])

    /// Every failure that is not one of usage ends with status 2 and a sentence that says what is missing.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as any CustomStringConvertible & Error where Failure.isOurs(error) {
            Failure.report(error)
        } catch {
            exit(withError: error)
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
