import ArgumentParser
import UnstuckLab

struct Kernels: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the kernels that `boot` knows, and what each provides.",
        discussion: """
            EXAMPLES
              unstuck-lab kernels
              unstuck-lab kernels 5.10.218
            """)

    @Option(help: "The list of kernels.")
    var kernels = "lab/kernels.toml"
    @Argument(help: "Only what this one provides.")
    var kernel: String?

    func run() throws {
        let list = try KernelCatalogue(path: kernels)
        if let kernel { return try Output.line(Self.provided(try list[kernel])) }
        let width = list.kernel.map(\.name.count).max() ?? 0
        for kernel in list.kernel { try Output.line("\(kernel.name.padded(to: width))  \(Self.provided(kernel))") }
    }

    private static func provided(_ kernel: KernelCatalogue.Kernel) -> String {
        kernel.provides.map(\.rawValue).sorted().joined(separator: " ")
    }
}
