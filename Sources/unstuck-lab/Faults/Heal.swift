import ArgumentParser
import UnstuckLab

struct Heal: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Undo every fault: servers close what they hold, holders end.",
        discussion: """
            EXAMPLES
              unstuck-lab heal
              unstuck-lab heal --lab t1 --output json
            """)

    struct Report: Encodable {
        var schema = "unstuck-lab.heal/1"
        var done: [String]
    }

    @OptionGroup var options: LabOptions
    @OptionGroup var format: OutputOptions

    func run() throws {
        let done = try options.open().heal()
        guard format.output == .text else { return try Output.json(Report(done: done)) }
        for line in done { try Output.line(line) }
    }
}
