import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckOperations
import UnstuckRender

/// How every command prints.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

struct OutputOptions: ParsableArguments {
    @Option(help: "How to print the result.")
    var output: OutputFormat = .text

    /// Colour only on a terminal, and never with NO_COLOR (https://no-color.org).
    var isColoured: Bool { isatty(STDOUT_FILENO) == 1 && (environment("NO_COLOR") ?? "").isEmpty }

    var style: Style { Style(isColoured: isColoured) }
}

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
        if let podLogs, unsafe stat(podLogs, &isFolder) != 0 || isFolder.st_mode & S_IFMT != S_IFDIR {
            throw ValidationError("--pod-logs: there is no folder \(podLogs)")
        }
    }

    var nodeRoot: NodeRoot {
        NodeRoot(prefix: root, podLogs: podLogs ?? environment("UNSTUCK_POD_LOGS"))
    }
}

/// Exit statuses of every command: 0 nothing wrong, 1 findings, 2 could not tell; 64 is ArgumentParser's usage error.
enum Exit {
    static let findings = ExitCode(1)
    static let couldNotTell = ExitCode(2)
}

/// Ends a command with the status that says how its operation ended.
func end(_ conclusion: Conclusion) throws(ExitCode) {
    switch conclusion {
    case .nothingWrong: return
    case .findings: throw Exit.findings
    case .inconclusive: throw Exit.couldNotTell
    }
}

/// A variable of the environment.
func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
}

/// Results go to stdout, everything else to stderr.
func printError(_ text: String) { StandardError.write(text + "\n") }

/// Progress, for a person who waits: only on a terminal.
func printProgress(_ text: String) {
    if isatty(STDERR_FILENO) == 1 { printError(text) }
}

/// Writes a text to stdout as it is.
///
/// - Throws: `StandardOutput.Failure`, which ends the command (``Program``).
func writeOutput(_ text: String) throws { try StandardOutput.write(text) }
func writeOutput(_ bytes: RawSpan) throws { try StandardOutput.write(bytes) }

/// Tells what was changed. If nobody can be told by stdout, `summary` goes to stderr: that nothing was said must not look as
/// if nothing was done.
func writeOutput(ofChange summary: String, _ body: () throws -> Void) throws {
    do {
        try body()
    } catch let failure as StandardOutput.Failure {
        if !failure.hasReaderLeft { printError("unstuck: \(summary)") }
        throw failure
    }
}
