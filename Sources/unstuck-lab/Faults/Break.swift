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
              unstuck-lab break crash --pod shop/web-0 --count 73
            """,
        subcommands: [Zombie.self, Leak.self, Crash.self, CrossWired.self, SharedTuple.self])

    /// A hundred lines tell no more; JSON has them all.
    private static let shownVictims = 5

    /// Prints what was made.
    static func report(_ fault: Fault, _ format: OutputFormat) throws {
        struct Report: Encodable {
            var schema = "unstuck-lab.fault/1"
            var fault: Fault
        }
        guard format == .text else { return try Output.json(Report(fault: fault)) }
        try Output.line(fault.summary)
        for (index, victim) in fault.victims.prefix(shownVictims).enumerated() {
            let holder = index < fault.heldBy.count ? fault.heldBy[index] : nil
            let held = holder.map { "  held by pid \($0.pid) fd \($0.descriptor)" } ?? ""
            try Output.line("  poisoned  \(victim)\(held)")
        }
        let more = fault.victims.count - shownVictims
        if more > 0 { try Output.line("            and \(more) more") }
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
        @Option(help: "From one port to the next.")
        var step = 1

        func run() throws {
            var fault = ZombieFault(pod: target.pod)
            fault.step = step
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

    struct Crash: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Health checks pile up unaccepted, the server is killed and started anew (P1, on the pod's own port).",
            discussion: """
                EXAMPLES
                  unstuck-lab break crash --pod shop/web-0 --count 73
                  unstuck-lab break crash --family 6 --source-port 50600 --output json
                """)

        @OptionGroup var options: LabOptions
        @OptionGroup var target: FaultTarget
        @OptionGroup var format: OutputOptions
        @Option(help: "The first check's source port.")
        var sourcePort: UInt16 = 50504
        @Option(help: "Checks that nobody accepts, each from a port of its own.")
        var count = 10

        func run() throws {
            var fault = CrashFault(pod: target.pod)
            fault.family = target.family
            fault.sourcePort = sourcePort
            fault.count = count
            try Break.report(try options.open().breakCrash(fault), format.output)
        }
    }
}

extension Break {
    struct CrossWired: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A socket that is used again keeps its old key: that key's answers are misdirected (Z5).",
            discussion: """
                EXAMPLES
                  unstuck-lab break cross-wired
                  unstuck-lab break cross-wired --pod shop/web-0 --second shop/web-1 --source-port 50600
                """)

        @OptionGroup var options: LabOptions
        @OptionGroup var target: FaultTarget
        @OptionGroup var format: OutputOptions
        @Option(help: "The pod that the socket is connected to afterwards.")
        var second = HostID.pod(namespace: "shop", name: "web-1")
        @Option(help: "The source port of both connections.")
        var sourcePort: UInt16 = 50600

        func run() throws {
            var fault = CrossWiredFault(first: target.pod, second: second)
            fault.family = target.family
            fault.sourcePort = sourcePort
            try Break.report(try options.open().breakCrossWired(fault), format.output)
        }
    }

    struct SharedTuple: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The same loopback tuple in two pods: one pod's bytes go to the other's living server.",
            discussion: """
                EXAMPLES
                  unstuck-lab break shared-tuple
                  unstuck-lab break shared-tuple --source-port 40001 --output json
                """)

        @OptionGroup var options: LabOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The pod whose server gets the bytes.")
        var pod = HostID.pod(namespace: "shop", name: "web-0")
        @Option(help: "The pod whose client sends them.")
        var second = HostID.pod(namespace: "shop", name: "web-1")
        @Option(help: "The source port in both pods.")
        var sourcePort: UInt16 = 40000

        func run() throws {
            var fault = SharedTupleFault(first: pod, second: second)
            fault.sourcePort = sourcePort
            try Break.report(try options.open().breakSharedTuple(fault), format.output)
        }
    }
}
