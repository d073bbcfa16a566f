import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckLab
import UnstuckModel

/// The clients of the faults: started by `break` inside a host.
struct Actor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a fault's client.", shouldDisplay: false,
        subcommands: [
            Zombie.self, Leak.self, Crash.self, CrossWired.self, SharedTuple.self, Get.self, Impatient.self,
            Listen.self,
        ])

    /// Where the actor runs.
    struct Place: ParsableArguments {
        @OptionGroup var options: LabOptions
        @Option(name: .customLong("as")) var host: HostID = .node

        /// Joins the host; from here on this process is one of its own.
        /// - Parameter isAccelerated: false goes beside the accelerator's control group.
        func enter(isAccelerated: Bool = true) throws -> Lab {
            let lab = try options.open()
            try Joining.join(try lab.host(host), cgroup: isAccelerated ? nil : lab.layout.bareCgroup)
            return lab
        }
    }

    /// Says what was made and stays until it is ended.
    static func stay(_ fault: Fault, report: String) throws {
        try Joining.publish(try JSONText.encode(fault), at: report)
        while true { pause() }
    }

    struct Zombie: ParsableCommand {
        @OptionGroup var place: Place
        @OptionGroup var target: FaultTarget
        @Option var sourcePort: UInt16
        @Option var count: Int
        @Option var step: Int

        func run() throws {
            var fault = ZombieFault(pod: target.pod)
            fault.family = target.family
            fault.sourcePort = sourcePort
            fault.count = count
            fault.step = step
            try Output.json(try fault.act(in: try place.enter()))
        }
    }

    struct Leak: ParsableCommand {
        @OptionGroup var place: Place
        @OptionGroup var target: FaultTarget
        @Option var count: Int

        func run() throws {
            var fault = LeakFault(pod: target.pod)
            fault.family = target.family
            fault.count = count
            try Output.json(try fault.act(in: try place.enter()))
        }
    }

    struct Crash: ParsableCommand {
        @OptionGroup var place: Place
        @OptionGroup var target: FaultTarget
        @Option var sourcePort: UInt16
        @Option var count: Int

        func run() throws {
            var fault = CrashFault(pod: target.pod)
            fault.family = target.family
            fault.sourcePort = sourcePort
            fault.count = count
            try Output.json(try fault.act(in: try place.enter()))
        }
    }

    struct CrossWired: ParsableCommand {
        @OptionGroup var place: Place
        @OptionGroup var target: FaultTarget
        @Option var second: HostID
        @Option var sourcePort: UInt16
        @Option var report: String

        func run() throws {
            var fault = CrossWiredFault(first: target.pod, second: second)
            fault.family = target.family
            fault.sourcePort = sourcePort
            try fault.act(in: try place.enter()) { try Actor.stay($0, report: report) }
        }
    }

    struct SharedTuple: ParsableCommand {
        @OptionGroup var place: Place
        @Option var pod: HostID
        @Option var second: HostID
        @Option var sourcePort: UInt16
        @Option var report: String
        @Flag var isFirst = false

        func run() throws {
            var fault = SharedTupleFault(first: pod, second: second)
            fault.sourcePort = sourcePort
            try fault.act(in: try place.enter(isAccelerated: !isFirst), isFirst: isFirst) {
                try Actor.stay($0, report: report)
            }
        }
    }

    /// A server that a scenario kills.
    struct Listen: ParsableCommand {
        @Option var port: UInt16
        @Flag var accepts = false

        func run() throws { try DoomedServer.run(port: port, accepts: accepts, say: Output.say) }
    }

    /// One health check.
    struct Get: ParsableCommand {
        @OptionGroup var place: Place
        @Option var target: Endpoint
        @Option var source: Endpoint?
        @Option var milliseconds: Int32 = 1000

        func run() throws {
            _ = try place.enter()
            var request = Request(target: target, source: source)
            request.milliseconds = milliseconds
            try Output.line(try request.make().rawValue)
        }
    }

    /// Asks for something slow, gives up, resets; again and again. The server goes on working and closes when it is
    /// done: healthy, however dead its socket looks meanwhile.
    struct Impatient: ParsableCommand {
        @OptionGroup var place: Place
        @Option var target: Endpoint
        /// How long the server works on each request.
        @Option var work = 1200
        @Option var seconds: Double = 10

        func run() throws {
            _ = try place.enter()
            var request = Request(target: target)
            request.path = "/slow?ms=\(work)"
            request.milliseconds = 200
            request.resets = true
            let end = ContinuousClock.now + .seconds(seconds)
            var count = 0
            while ContinuousClock.now < end {
                let begin = ContinuousClock.now
                do {
                    let outcome = try request.make()
                    let isLate = ContinuousClock.now - begin >= .milliseconds(work)
                    guard outcome == .hung || isLate else { throw LabError(.failed, "the server was not slow") }
                    // Where we were late ourselves, on a busy machine, the answer was there first.
                    if outcome == .hung { count += 1 }
                } catch let error as SystemError where error.errno == EINPROGRESS {
                    continue  // gave up before it was connected
                }
                usleep(UInt32(work) * 1000)
            }
            guard count > 0 else { throw LabError(.failed, "gave up not once") }
            try Output.line("gave up \(count) times")
        }
    }
}

extension Endpoint: ExpressibleByArgument {}
