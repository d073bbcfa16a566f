import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckProbing
import UnstuckRender

extension OperationError.Code {
    /// The canary's process did not start, or did not come to an end.
    public static let canaryFailed = Self(rawValue: "canary-failed")
}

/// The canary in a process of its own, which moves away from everybody else's network and cgroup: this very program, told by
/// its arguments to run `Canary` and to print its report as JSON.
public struct CanaryProcess {
    private let arguments: [String]

    public init(arguments: [String]) { self.arguments = arguments }

    /// Starts it and waits for it, a few seconds longer than its deadline.
    ///
    /// - Parameter options: those that the arguments say.
    /// - Throws: `OperationError`, `SystemError`; `DecodingError` for what is no report.
    public func run(_ options: Canary.Options) throws -> CanaryReport {
        guard let own = linkTarget("/proc/self/exe") else {
            throw OperationError(.canaryFailed, "/proc is not mounted")
        }
        let output = OwnedDescriptor(
            owning: try syscall("memfd_create", on: "output") { unsafe linux_anonymous_file("output") },
            named: "the canary's output")
        let errors = OwnedDescriptor(
            owning: try syscall("memfd_create", on: "errors") { unsafe linux_anonymous_file("errors") },
            named: "the canary's errors")
        let nothing = try OwnedDescriptor(path: "/dev/null", flags: O_RDWR)
        var pid: pid_t = 0
        // A session of its own: a Ctrl-C for us lets it clean up.
        let list = CStringList([own] + arguments)
        let code = unsafe linux_spawn(own, list.pointer, nothing.raw, output.raw, errors.raw, 1, &pid)
        guard code == 0 else {
            let cause = SystemError("posix_spawn", own, errno: code)
            throw OperationError(.canaryFailed, "the canary did not start: \(cause.reason)", cause: cause)
        }
        let end = ContinuousClock.now + .seconds(options.deadline + 5)
        while linux_has_ended(pid) == 0, ContinuousClock.now < end { usleep(2000) }
        if linux_has_ended(pid) == 0 { kill(pid, SIGKILL) }
        var status: Int32 = 0
        unsafe _ = waitpid(pid, &status, 0)
        if status != 0 { Canary.cleanUp(root: options.root) }
        func text(_ file: borrowing OwnedDescriptor) throws -> [UInt8] {
            lseek(file.raw, 0, SEEK_SET)
            return try file.readAll()
        }
        guard status == 0 else {
            let words = String(decoding: try text(errors), as: UTF8.self).trimmingSuffix { $0 == "\n" }
            throw OperationError(
                .canaryFailed,
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
