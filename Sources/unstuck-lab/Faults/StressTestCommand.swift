import ArgumentParser
import Glibc
import UnstuckLab

/// One fault many times over, for anyone who guards the sockmap.
struct StressTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stress",
        abstract: "Run one fault many times over, and use every tuple again; or check late-read transfers.",
        discussion: """
            Says which sockmap it will use, and waits for a line on standard input: that is the time to guard it. After that \
            line it runs, after a second one it uses every tuple again, or reads what is left, and tells what came of it. \
            Cycles are made anew for each line. The end of the input ends it all.

            EXAMPLES
              unstuck-lab stress Z1 --count 1000
                  A thousand zombies; then a thousand connections with the same ports.
              unstuck-lab stress transfers --count 10000 --layout merbridge --output json
                  Ten thousand transfers whose bytes are read after their connections have ended.
            """)

    @Argument(help: "A fault's code, as of `run`, or \"transfers\", or \"cycles\": connections made and closed.")
    var code: String
    @Option(help: "How many.")
    var count = 100
    @Option(help: "Of what a transfer is made: the same again with the same number.")
    var seed: UInt64 = 1
    @Option(help: "Whose accelerator, as of `run`.")
    var layout = FixtureAccelerator.cilium.name
    @OptionGroup var format: OutputOptions

    func validate() throws {
        guard (1...20_000).contains(count) else { throw ValidationError("--count is 1 to 20000") }
    }

    private struct Made: Encodable { var made: Int }

    func run() throws {
        let accelerator = try FixtureAccelerator.named(layout)
        // Whatever was left stays to the end of the input.
        let fixture: AnyObject
        switch code {
        case "transfers":
            let test = try TransferStressTest(count: count, seed: seed, accelerator: accelerator)
            fixture = test
            try begin(test.report)
            if readLine() != nil { try show(Made(made: try test.run())) }
            if readLine() != nil { try show(try test.finish()) }
        case "cycles":
            let test = try CycleStressTest(count: count, accelerator: accelerator)
            fixture = test
            try begin(test.report)
            while readLine() != nil { try show(try test.run()) }
        default:
            let test = try StressTest(try Scenario.named(code), count: count, accelerator: accelerator)
            fixture = test
            try begin(test.report)
            if readLine() != nil { try show(Made(made: try test.run())) }
            if readLine() != nil { try show(try test.next()) }
        }
        while readLine() != nil {}
        withExtendedLifetime(fixture) {}
    }

    private func begin(_ report: StressTest.Report) throws {
        guard format.output == .text else { return try Output.json(report) }
        try Output.line("\(report.code) \(report.count) times, \(report.layout), in sockmap \(report.map)")
    }

    private func show(_ value: some Encodable) throws {
        guard format.output == .text else { return try Output.json(value) }
        try Output.line("\(value)")
    }
}
