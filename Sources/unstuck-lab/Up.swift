import ArgumentParser
import UnstuckLab

struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build the lab: a node, its pods, a remote node, servers and the reference accelerator.",
        discussion: """
            EXAMPLES
              unstuck-lab up --replace
              unstuck-lab up --lab plain --without-accelerator
            """)

    @OptionGroup var options: LabOptions
    @OptionGroup var format: OutputOptions
    @Flag(help: "Remove a lab of this name, or its leftovers, first.")
    var replace = false
    @Flag(help: "Do not load the accelerator.")
    var withoutAccelerator = false
    @Option(help: "Entries that the accelerator's sockmap has room for.")
    var mapSize = 65535

    func validate() throws {
        guard (1...10_000_000).contains(mapSize) else { throw ValidationError("--map-size is 1 to 10000000") }
    }

    func run() throws {
        let lab = try options.open()
        var up = UpOptions()
        up.replace = replace
        up.accelerator = !withoutAccelerator
        up.mapSize = mapSize
        up.progress = { Output.progress("· \($0)") }
        try lab.up(up)
        try LabReport(lab).print(as: format.output)
    }
}
