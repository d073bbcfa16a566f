import ArgumentParser
import UnstuckLab
import UnstuckModel

struct BurstCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "burst",
        abstract: "Make many health checks from ports that the kernel chooses, and count those that hang.",
        discussion: """
            Runs where it is started: put `unstuck-lab exec --as node --` before it. Prints one line of JSON.

            EXAMPLES
              unstuck-lab exec -- unstuck-lab burst --host 203.0.113.10 --count 2000
              unstuck-lab exec -- unstuck-lab burst --host 2001:db8:0:1::10 --silence 1
            """)

    @Option(help: "The server's address.")
    var host: IPAddress
    @Option(help: "The server's HTTP port.")
    var port = LabServer.httpPort
    @Option(help: "How many requests.")
    var count = 1000
    @Option(help: "Seconds without any answer after which what is unanswered hangs.")
    var silence = 0.6

    func validate() throws {
        guard (1...1_000_000).contains(count), silence > 0, silence <= 60 else {
            throw ValidationError("count and silence are positive")
        }
    }

    func run() throws {
        var burst = RequestBurst(target: Endpoint(host, port), count: count)
        burst.silence = .seconds(silence)
        try Output.json(burst.run())
    }
}
