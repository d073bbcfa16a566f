import ArgumentParser
import UnstuckLab

struct Exec: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command as if on one of the lab's hosts: in its cgroup and network namespace.",
        discussion: """
            EXAMPLES
              unstuck-lab exec --as node -- curl -s http://203.0.113.10:8080/healthz
              unstuck-lab exec --as shop/client-0 -- ss -tan
            """)

    @OptionGroup var options: LabOptions
    @Option(name: .customLong("as"), help: "node, remote or NAMESPACE/POD.")
    var host: HostID = .node
    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind `--`.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("no command: unstuck-lab exec --as node -- CMD…") }
    }

    func run() throws {
        try Joining.join(try options.open().host(host))
        try Joining.become(command)
    }
}
