import ArgumentParser
import UnstuckLab

struct Down: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove the lab, whole or half built, and check that nothing is left.",
        discussion: """
            Everything is found by its well-known name, so this also works after a crash. Removing what is not there
            is no error.

            EXAMPLES
              unstuck-lab down
              unstuck-lab down --lab plain --output json
            """)

    struct Report: Encodable {
        var schema = "unstuck-lab.down/1"
        var name: String
        var removed: [String]
    }

    @OptionGroup var options: LabOptions
    @OptionGroup var format: OutputOptions

    func run() throws {
        let lab = try options.open()
        let removed = try lab.down()
        guard format.output == .text else { return try Output.json(Report(name: lab.name, removed: removed)) }
        for line in removed { try Output.line("removed \(line)") }
        if removed.isEmpty { try Output.line("there was no lab \"\(lab.name)\"") }
    }
}
