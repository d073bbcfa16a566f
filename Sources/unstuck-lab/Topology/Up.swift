import ArgumentParser
import UnstuckLab

struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build the lab: a node, its pods, a remote node, servers and the reference accelerator.",
        discussion: """
            EXAMPLES
              unstuck-lab up --replace
              unstuck-lab up --lab plain --without-accelerator
              unstuck-lab up --lab big --pods 18
            """)

    @OptionGroup var options: LabOptions
    @OptionGroup var format: OutputOptions
    @Flag(help: "Remove a lab of this name, or its leftovers, first.")
    var replace = false
    @Flag(help: "Do not load the accelerator.")
    var withoutAccelerator = false
    @Option(help: "Entries that the accelerator's sockmap has room for.")
    var mapSize = 65535
    @Option(help: "How many pods the node has: the standard three and more servers, shop/web-2, shop/web-3, …")
    var pods = LabPod.standard.count

    func validate() throws {
        guard (1...10_000_000).contains(mapSize) else { throw ValidationError("--map-size is 1 to 10000000") }
        guard (LabPod.standard.count...AddressPlan.podLimit).contains(pods) else {
            throw ValidationError("--pods is \(LabPod.standard.count) to \(AddressPlan.podLimit)")
        }
    }

    func run() throws {
        let lab = try options.open()
        var up = UpOptions()
        up.replace = replace
        up.accelerator = !withoutAccelerator
        up.mapSize = mapSize
        up.pods = LabPod.numbering(pods)
        up.progress = { Output.progress("· \($0)") }
        try lab.up(up)
        try LabReport(lab).print(as: format.output)
    }
}
