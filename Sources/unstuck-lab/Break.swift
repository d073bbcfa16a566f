import ArgumentParser
import UnstuckLab

struct Break: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "break",
        abstract: "Make a fault happen, for real, and check that it did.",
        discussion: """
            EXAMPLES
              unstuck-lab break zombie --pod shop/web-0 --count 3
              unstuck-lab break leak --pod shop/web-0 --family 6
            """,
        subcommands: [Zombie.self, Leak.self])

    /// Prints what was made.
    static func report(_ fault: Fault, _ format: OutputFormat) throws {
        struct Report: Encodable {
            var schema = "unstuck-lab.fault/1"
            var fault: Fault
        }
        guard format == .text else { return try Output.json(Report(fault: fault)) }
        Output.line(fault.summary)
        for (index, victim) in fault.victims.enumerated() {
            let holder = index < fault.heldBy.count ? fault.heldBy[index] : nil
            let held = holder.map { "  held by pid \($0.pid) fd \($0.descriptor)" } ?? ""
            Output.line("  poisoned  \(victim)\(held)")
        }
    }
}

/// Which pod a fault strikes, over which protocol.
struct FaultTarget: ParsableArguments {
    @Option(help: "The pod whose server is struck, NAMESPACE/POD.")
    var pod = HostID.pod(namespace: "shop", name: "web-0")
    @Option(help: "4 or 6.")
    var family = AddressFamily.v4
}

extension AddressFamily: ExpressibleByArgument {}

extension Break {
    struct Zombie: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Clients reset, the server keeps the descriptors: the next to use the same port hangs (Z1).",
            discussion: """
                EXAMPLES
                  unstuck-lab break zombie --pod shop/web-0
                  unstuck-lab break zombie --family 6 --source-port 50504 --count 10 --output json
                """)

        @OptionGroup var options: LabOptions
        @OptionGroup var target: FaultTarget
        @OptionGroup var format: OutputOptions
        @Option(help: "The first source port to poison.")
        var sourcePort: UInt16 = 50504
        @Option(help: "How many ports, from there on.")
        var count = 1

        func run() throws {
            var fault = ZombieFault(pod: target.pod)
            fault.family = target.family
            fault.sourcePort = sourcePort
            fault.count = count
            try Break.report(try options.open().breakZombie(fault), format.output)
        }
    }

    struct Leak: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Nobody accepts, then the listener closes: an affected kernel keeps the entries (P1).",
            discussion: """
                EXAMPLES
                  unstuck-lab break leak --pod shop/web-0
                  unstuck-lab break leak --count 100 --output json
                """)

        @OptionGroup var options: LabOptions
        @OptionGroup var target: FaultTarget
        @OptionGroup var format: OutputOptions
        @Option(help: "Connections that nobody accepts.")
        var count = 10

        func run() throws {
            var fault = LeakFault(pod: target.pod)
            fault.family = target.family
            fault.count = count
            try Break.report(try options.open().breakLeak(fault), format.output)
        }
    }
}
