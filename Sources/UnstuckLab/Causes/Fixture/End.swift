import Glibc
import UnstuckKernel

/// A process that holds one end of a connection, started by this one and ended with it, however that ends.
final class End {
    let pid: Int32
    private let child: Child
    private let steps: [EndStep]

    /// It gets the network namespace of the calling thread and the cgroup of this process. Only on the main thread: it
    /// ends when the thread ends that started it.
    init(_ steps: [EndStep]) throws {
        guard let own = linkTarget("/proc/self/exe") else { throw LabError(.missing, "/proc is not mounted") }
        self.steps = steps
        child = try Child([own, "end", "--parent", "\(getpid())", try JSONText.encode(steps)])
        pid = child.pid
    }

    /// How many steps it has done; -1: it has not started yet.
    private var stepsDone: Int { child.outputSoFar.split(separator: "\n").count - 1 }

    /// - Throws: `didNotHappen` if the first `count` steps are not done in time, with what the process said.
    func finish(_ count: Int) throws {
        let isDone = Deadline(after: .patience).wait { stepsDone >= count || child.hasEnded }
        guard isDone, stepsDone >= count else {
            let outcome = child.hasEnded ? try child.wait().errors : "it is at it still"
            throw LabError(.didNotHappen, "step \(count) of \(steps.count) of process \(pid): \(outcome)")
        }
    }

    /// Finishes everything before its last step, where it stays.
    func reachLast() throws { try finish(steps.count - 1) }

    /// Lets it pass its next gate, when it has done all before it.
    func open(_ gate: Int) throws {
        let gates = steps.indices.filter { if case .gate = steps[$0] { true } else { false } }
        try finish(gates[gate])
        child.signal(SIGUSR1)
        try finish(gates[gate] + 1)
    }

    func signal(_ number: Int32) { child.signal(number) }

    /// SIGKILL, and waits until it is gone.
    func kill() throws {
        child.signal(SIGKILL)
        _ = try child.wait()
    }

    /// As in /proc/PID/stat, behind the name: `S` sleeps, `R` runs, `T` stopped by a signal.
    var state: Character? {
        (readText("/proc/\(pid)/stat") ?? "").split(separator: ")").last?.first { $0 != " " }
    }

    /// The kernel function it waits in; `nil` where the kernel does not say.
    var waitsIn: String? {
        readText("/proc/\(pid)/wchan").flatMap { ["", "0"].contains($0) ? nil : $0 }
    }
}
