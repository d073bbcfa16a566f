import ArgumentParser
import UnstuckLab

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the lab: hosts, addresses, processes, the sockmap, faults that are not healed.",
        discussion: """
            EXAMPLES
              unstuck-lab list
              unstuck-lab list --output json | jq -r '.hosts[] | "\\(.id) \\(.addresses.v4)"'
            """)

    @OptionGroup var options: LabOptions
    @OptionGroup var format: OutputOptions

    func run() throws { try LabReport(try options.open()).print(as: format.output) }
}
