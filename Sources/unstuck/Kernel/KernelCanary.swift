import ArgumentParser
import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckOperations
import UnstuckProbing
import UnstuckRender

struct KernelCanary: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canary", abstract: "Whether this kernel really has sockmap's faults: each is tried.",
        discussion: """
            The leak of unaccepted connections, the zombie, FIONREAD and splice, over IPv4 and IPv6, in a process with a \
            network namespace, a control group and a sockmap of its own: what holds on vendor kernels, too, whatever their \
            version says. It takes well under two seconds on a real machine, and nothing of it is left.

            A sock_ops program of somebody else that runs for every control group sees the canary's sockets and may file them in \
            a map of its own. Then nothing is tried, unless --remove-own-keys says to take them out again afterwards.

            EXAMPLES
              unstuck kernel canary
                  Every fault: present, absent or inconclusive, and what was seen.
              unstuck kernel canary --remove-own-keys --output json
                  The same on a node with an accelerator at the root of its control groups.

            EXIT STATUS
              0 none is present · 1 some are · 2 could not tell, or refused · 64 usage
            """)

    @Option(help: ArgumentHelp("What has not been tried by then is inconclusive.", valueName: "seconds"))
    var deadline = 2.0
    @Flag(help: "Go on where others' sock_ops programs look, and take the canary's keys out of their maps afterwards.")
    var removeOwnKeys = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0.1...600).contains(deadline) else { throw ValidationError("--deadline is 0.1 to 600 seconds") }
    }

    func run() throws {
        let report: CanaryReport
        do {
            report = try CanaryProcess.run(
                deadline: deadline, removesOwnKeys: removeOwnKeys, root: node.root)
        } catch let error as CanaryProcess.Failure {
            printError("unstuck: \(error)")
            throw Exit.couldNotTell
        }
        switch output.output {
        case .text: try writeOutput(CanaryText(style: output.style).render(report))
        case .json: try writeOutput(JSON.document(report, command: "kernel.canary"))
        }
        if report.trials.contains(where: { $0.word == .present }) { throw Exit.findings }
        if report.isRefused || report.keysLeft > 0 || report.trials.contains(where: { $0.word == .inconclusive }) {
            throw Exit.couldNotTell
        }
    }
}

/// The canary itself: a process of its own, which moves away from everybody else's network and control group, and cleans up
/// also if whoever started it is killed meanwhile.
struct KernelCanaryActor: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "canary-actor", shouldDisplay: false)

    @Option var deadline: Double
    @Flag var removeOwnKeys = false
    @OptionGroup var node: NodeOptions

    func run() throws {
        var options = Canary.Options()
        options.deadline = deadline
        options.removesOwnKeys = removeOwnKeys
        options.root = node.nodeRoot
        do {
            try writeOutput(JSON.text(try Canary(options).run()))
        } catch {
            printError(errorMessage(error))
            throw Exit.couldNotTell
        }
    }
}

/// Starts the actor and waits for it.
private enum CanaryProcess {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    static func run(deadline: Double, removesOwnKeys: Bool, root: String) throws -> CanaryReport {
        guard let own = linkTarget("/proc/self/exe") else { throw Failure(description: "/proc is not mounted") }
        var arguments = [own, "kernel", "canary-actor", "--deadline", "\(deadline)", "--root", root]
        if removesOwnKeys { arguments.append("--remove-own-keys") }
        let output = OwnedDescriptor(
            owning: try syscall("memfd_create", on: "output") { unsafe linux_anonymous_file("output") },
            named: "the canary's output")
        let errors = OwnedDescriptor(
            owning: try syscall("memfd_create", on: "errors") { unsafe linux_anonymous_file("errors") },
            named: "the canary's errors")
        let nothing = try OwnedDescriptor(path: "/dev/null", flags: O_RDWR)
        var pid: pid_t = 0
        // A session of its own: a Ctrl-C for us lets it clean up.
        let list = CStringList(arguments)
        let code = unsafe linux_spawn(own, list.pointer, nothing.raw, output.raw, errors.raw, 1, &pid)
        guard code == 0 else {
            throw Failure(description: "the canary did not start: \(unsafe String(cString: strerror(code)))")
        }
        let end = ContinuousClock.now + .seconds(deadline + 5)
        while linux_has_ended(pid) == 0, ContinuousClock.now < end { usleep(2000) }
        if linux_has_ended(pid) == 0 { kill(pid, SIGKILL) }
        var status: Int32 = 0
        unsafe _ = waitpid(pid, &status, 0)
        if status != 0 { Canary.cleanUp(root: NodeRoot(prefix: root)) }
        func text(_ file: borrowing OwnedDescriptor) throws -> [UInt8] {
            lseek(file.raw, 0, SEEK_SET)
            return try file.readAll()
        }
        guard status == 0 else {
            let words = String(decoding: try text(errors), as: UTF8.self).trimmingSuffix { $0 == "\n" }
            throw Failure(
                description:
                    "the canary could not be tried: \(words.isEmpty ? "it needs more time (--deadline)" : String(words))"
            )
        }
        return try JSON.decode(CanaryReport.self, from: try text(output))
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
