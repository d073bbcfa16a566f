import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckLab

/// A network namespace of the test's own, which goes with this object. No process is in it.
public final class PrivateNetwork {
    private let descriptor: OwnedDescriptor
    public let inode: UInt32
    /// Opens it.
    public var path: String { "/proc/self/fd/\(descriptor.raw)" }

    /// - Parameter commands: arguments of ip(8), run in order after `link set lo up`.
    public init(_ commands: [String] = []) throws {
        let raw = try NamespaceThread.onThread {
            try syscall("unshare", on: "the network") { linux_new_network() }
            return try syscall("open", on: "the new namespace") {
                unsafe open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
            }
        }
        descriptor = OwnedDescriptor(owning: raw)
        inode = UInt32(truncatingIfNeeded: inodeNumber("/proc/self/fd/\(raw)") ?? 0)
        for command in ["link set lo up"] + commands { try ip(command) }
    }

    /// Runs `body` on a thread in it.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        try NamespaceThread.run(in: path, body)
    }

    public func ip(_ command: String) throws { try run("ip", command) }

    /// Runs a program, which starts in the namespace of the thread that starts it.
    ///
    /// - Throws: `Failure` if it does not end with 0.
    public func run(_ program: String, _ arguments: String) throws {
        let command = ["/usr/bin/env", program] + arguments.split(separator: " ").map(String.init)
        let outcome = try run { try Child.run(command) }
        guard outcome.status == 0 else { throw Failure(description: "\(program) \(arguments): \(outcome.errors)") }
    }

    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }
}
