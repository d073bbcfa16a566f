import ArgumentParser
import UnstuckLab

struct Faults: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the fault table: what each kernel does, and what Unstuck does about it.",
        discussion: """
            EXAMPLES
              unstuck-lab faults
              unstuck-lab faults >docs/support-matrix.md
            """)

    @Option(help: "The fault table.")
    var faults = "lab/faults.toml"
    @Option(help: "The list of kernels.")
    var kernels = "lab/kernels.toml"

    func run() throws {
        let names = try KernelCatalogue(path: kernels).kernel.map(\.name) + ["machine"]
        try Output.line(String(try FaultTable(path: faults).markdown(kernels: names).dropLast()))
    }
}
