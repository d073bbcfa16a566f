import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckRender
import UnstuckRepair

struct GuardStatus: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Which maps are guarded, how, and what was removed. Read-only.",
        discussion: """
            EXAMPLES
              unstuck guard status
                  Removals by path, and every entry that is held because bytes are unread.
              unstuck guard status --output json | jq '.data[].counts'
                  The same for machines.

            EXIT STATUS
              0 every guard works and holds nothing, or there is none
              1 entries are held, or a guard is stopped or has ended without cleaning up: what to run is named
              2 inconclusive
              64 usage
            """)

    @OptionGroup var output: OutputOptions

    func run(_ context: CommandContext) throws {
        let reading = GuardReading(GuardRegistry())
        for problem in reading.problems { context.printError("unstuck: \(problem)") }
        if output.output == .json || reading.isComplete || !reading.states.isEmpty {
            try show(reading.states, output, context)
        }
        if reading.states.contains(where: { !$0.held.isEmpty || $0.isIdle }) { throw Exit.findings }
        if !reading.isComplete || reading.states.contains(where: { $0.condition == .unknown }) {
            throw Exit.couldNotTell
        }
    }
}
