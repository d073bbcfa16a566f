import ArgumentParser
import UnstuckLab
import UnstuckModel

struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep connections to an echo server busy and compare every byte that comes back.",
        discussion: """
            Runs where it is started: put `unstuck-lab exec --as node --` before it. Prints one line of JSON; the exit
            status is 1 if a connection failed, stalled, or got a wrong byte.

            EXAMPLES
              unstuck-lab exec -- unstuck-lab load --host 203.0.113.10 --connections 200 --churn 50 --seconds 10
              unstuck-lab exec -- unstuck-lab load --host 2001:db8:0:1::10 --connections 1 --source-ports 50504-50504
            """)

    @Option(help: "The server's address.")
    var host: IPAddress
    @Option(help: "The server's echo port.")
    var port = LabServer.echoPort
    @Option(help: "Connections at the same time.")
    var connections = 10
    @Option(help: "For how long: 5s, 10m.")
    var seconds: DurationArgument = 5
    @Option(help: "Close and reopen a connection after so many exchanges; 0 never.")
    var churn = 0
    @Option(help: "Bytes of a message.")
    var messageBytes = 1024
    @Option(help: "Local ports to bind to in turn, A-B; the kernel chooses without it.")
    var sourcePorts: PortRange?
    @Option(help: "Time without progress after which a connection is stalled: 5s, 1m.")
    var patience: DurationArgument = 5
    @Flag(help: "Open all connections, say so, and leave them idle until the time is over or SIGTERM comes.")
    var hold = false

    func validate() throws {
        guard connections > 0, seconds.seconds > 0, patience.seconds > 0, churn >= 0,
            (1...(1 << 26)).contains(messageBytes)
        else {
            throw ValidationError(
                "connections, seconds, patience and message bytes are positive, churn is not negative")
        }
    }

    func run() throws {
        if hold {
            let idle = try IdleConnections(connections, to: Endpoint(host, port))
            try Output.line("open: \(connections)")
            return idle.hold(seconds: seconds.seconds)
        }
        var options = LoadOptions(target: Endpoint(host, port))
        options.connections = connections
        options.seconds = seconds.seconds
        options.churn = churn
        options.messageBytes = messageBytes
        options.sourcePorts = sourcePorts?.ports
        options.stallLimit = .seconds(patience.seconds)
        options.log = { Output.progress($0) }
        let report = try LoadClient.run(options)
        try Output.json(report)
        if !report.isClean { throw ExitCode(1) }
    }
}

/// `50000-50010`, or one port.
struct PortRange: ExpressibleByArgument {
    var ports: ClosedRange<UInt16>

    init?(argument: String) {
        let ends = argument.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard let first = ends.first, let last = ends.last, ends.count <= 2, let first, let last, 1 <= first,
            first <= last
        else { return nil }
        ports = first...last
    }
}

extension IPAddress: ExpressibleByArgument {}
