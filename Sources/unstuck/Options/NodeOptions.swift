import ArgumentParser
import Glibc
import UnstuckKernel

/// Where the node's files are.
struct NodeOptions: ParsableArguments {
    @Option(
        help: "Read another root's /proc, cgroups, bpffs and logs (a debug container with the host mounted).",
        completion: .directory)
    var root: String = "/"

    @Option(
        help: ArgumentHelp(
            "The folder of pod logs that names the pods (default: UNSTUCK_POD_LOGS, or /var/log/pods).",
            valueName: "folder"),
        completion: .directory)
    var podLogs: String?

    func validate() throws {
        var isFolder = stat()
        // A mistyped one has no processes, and then no cause could be distinguished from another.
        let procfs = NodeRoot(prefix: root).procfs
        if root != "/", !directoryNames(procfs).contains(where: { $0.allSatisfy(\.isNumber) }) {
            throw ValidationError("--root: \(procfs) shows no process: is the host's /proc there?")
        }
        if let podLogs, unsafe stat(podLogs, &isFolder) != 0 || isFolder.st_mode & S_IFMT != S_IFDIR {
            throw ValidationError("--pod-logs: there is no folder \(podLogs)")
        }
    }

    func nodeRoot(_ context: CommandContext) -> NodeRoot {
        NodeRoot(prefix: root, podLogs: podLogs ?? context.environment("UNSTUCK_POD_LOGS"))
    }
}
