import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckLab

/// A pod's server, started by `up`.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve HTTP on 8080, echo on 7070, and an unaccepting listener on 6060.", shouldDisplay: false)

    @Option(help: "Network namespace to serve in.")
    var netns: String?
    @Option(help: "Cgroup to join.")
    var cgroup: String?
    @Option(help: "File to write the process id to, once every port listens.")
    var ready: String?

    func run() throws {
        try Joining.join(namespace: netns, cgroup: cgroup)
        // `up` lends its lock until this process can be found through its control group.
        try Joining.dropInput()
        var server = try LabServer.listening(log: Output.say)
        if let ready { try Joining.announce(at: ready) }
        try server.run()
    }
}
