import ArgumentParser
import Glibc
import UnstuckLab

/// The clients of the faults: started by `break` inside a host.
struct Actor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play a fault's client.", shouldDisplay: false, subcommands: [Zombie.self, Leak.self])

    /// Where the actor plays.
    struct Stage: ParsableArguments {
        @OptionGroup var options: LabOptions
        @Option(name: .customLong("as")) var host: HostID = .node

        /// Joins the host; from here on this process is one of its own.
        func enter() throws -> Lab {
            let lab = try options.open()
            try Joining.join(try lab.host(host))
            return lab
        }
    }

    struct Zombie: ParsableCommand {
        @OptionGroup var stage: Stage
        @OptionGroup var target: FaultTarget
        @Option var sourcePort: UInt16
        @Option var count: Int

        func run() throws {
            var fault = ZombieFault(pod: target.pod)
            fault.family = target.family
            fault.sourcePort = sourcePort
            fault.count = count
            try Output.json(try fault.act(in: try stage.enter()))
        }
    }

    struct Leak: ParsableCommand {
        @OptionGroup var stage: Stage
        @OptionGroup var target: FaultTarget
        @Option var count: Int

        func run() throws {
            var fault = LeakFault(pod: target.pod)
            fault.family = target.family
            fault.count = count
            try Output.json(try fault.act(in: try stage.enter()))
        }
    }
}
