import CLinuxUAPI
import Glibc
import Synchronization
import UnstuckKernel

/// A process that this one started, with its output caught in anonymous files: nothing can fill up and block.
///
/// It inherits its three standard streams and nothing else. A child that nobody waited for is killed when its owner
/// goes.
public final class Child: Sendable {
    /// How a child ended and what it said.
    public struct Outcome: Sendable {
        /// The exit status, or 128 + the signal that ended it.
        public var status: Int32
        public var output: String
        public var errors: String
    }

    public let pid: Int32
    private let output: OwnedDescriptor
    private let errors: OwnedDescriptor
    private let isWaitedFor = Mutex(false)

    /// - Parameters:
    ///   - arguments: the first is the program's path.
    ///   - kept: a descriptor that the child keeps open: it takes the place of its standard output.
    public init(_ arguments: [String], input: String = "", keeping kept: Int32? = nil) throws {
        let source = try Self.anonymousFile()
        output = try Self.anonymousFile()
        errors = try Self.anonymousFile()
        try Files.write(Array(input.utf8), to: source, "input")
        lseek(source.raw, 0, SEEK_SET)
        pid = try Self.spawn(arguments, source.raw, kept ?? output.raw, errors.raw)
    }

    deinit {
        guard !isWaitedFor.withLock({ $0 }) else { return }
        kill(pid, SIGKILL)
        _ = waitpid(pid, nil, 0)
    }

    /// Runs a program to its end.
    public static func run(
        _ arguments: [String], input: String = "", keeping kept: Int32? = nil, within limit: Duration = .seconds(30)
    ) throws -> Outcome {
        let child = try Child(arguments, input: input, keeping: kept)
        return try child.wait(within: limit)
    }

    /// Starts a program that outlives us, in a session of its own, its output appended to a file.
    /// - Parameter kept: a descriptor that the child keeps open as its standard input, until it drops it itself.
    public static func startDetached(_ arguments: [String], log: String, keeping kept: Int32? = nil) throws -> Int32 {
        try DetachedProcess.start(arguments, input: kept, log: log)
    }

    public func signal(_ number: Int32) { isWaitedFor.withLock { if !$0 { _ = kill(pid, number) } } }

    /// What it wrote up to now.
    public var outputSoFar: String { Self.contents(output) }

    /// The same without the first bytes.
    func output(from offset: Int) -> [UInt8] { Files.rest(of: output, from: offset) }

    public var hasEnded: Bool { linux_has_ended(pid) != 0 }

    /// Waits for the end; a child that outlives `limit` is killed, which is an error. Call it once.
    public func wait(within limit: Duration = .seconds(30)) throws -> Outcome {
        let inTime = Deadline(after: limit).wait(every: .milliseconds(2)) { hasEnded }
        if !inTime { kill(pid, SIGKILL) }
        var status: Int32 = 0
        try isWaitedFor.withLock { done in
            try syscall("waitpid", on: "process \(pid)") { unsafe waitpid(pid, &status, 0) }
            done = true
        }
        guard inTime else {
            throw LabError(.failed, "process \(pid) did not end within \(limit): \(Self.contents(errors))")
        }
        let signal = status & 0x7F
        return Outcome(
            status: signal == 0 ? status >> 8 & 0xFF : 128 + signal, output: Self.contents(output),
            errors: Self.contents(errors))
    }

    private static func contents(_ file: borrowing OwnedDescriptor) -> String {
        String(decoding: Files.rest(of: file, from: 0), as: UTF8.self)
    }

    private static func anonymousFile() throws -> OwnedDescriptor {
        OwnedDescriptor(
            owning: try syscall("memfd_create", on: "a child's stream") { unsafe linux_anonymous_file("stream") })
    }

    private static func spawn(
        _ arguments: [String], _ input: Int32, _ output: Int32, _ errors: Int32
    ) throws -> Int32 {
        guard let program = arguments.first else { throw LabError(.invalid, "no program to start") }
        let list = CStringList(arguments)
        var pid: Int32 = 0
        let code = unsafe linux_spawn(program, list.pointer, input, output, errors, 0, &pid)
        guard code == 0 else { throw SystemError("posix_spawn", program, errno: code) }
        return pid
    }
}
