import CLinuxUAPI
import Glibc
import TestSupport
import Testing

@testable import UnstuckKernel

/// A network namespace of the test's own, which goes with this object. No process is in it.
final class PrivateNetwork {
    private let descriptor: OwnedDescriptor
    let inode: UInt32
    /// Opens it.
    var path: String { "/proc/self/fd/\(descriptor.raw)" }

    /// - Parameter commands: arguments of ip(8), run in order after `link set lo up`.
    init(_ commands: [String] = []) throws {
        let raw = try NamespaceThread.onThread {
            try syscall("unshare", on: "the network") { linux_new_network() }
            return try syscall("open", on: "the new namespace") {
                unsafe open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
            }
        }
        descriptor = OwnedDescriptor(owning: raw)
        inode = try #require(inodeNumber("/proc/self/fd/\(raw)").map(UInt32.init(truncatingIfNeeded:)))
        for command in ["link set lo up"] + commands { try ip(command) }
    }

    /// Runs `body` on a thread in it.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        try NamespaceThread.run(in: path, body)
    }

    func ip(_ command: String) throws { try run("ip", command) }

    func run(_ program: String, _ arguments: String) throws {
        // A program starts in the namespace of the thread that starts it.
        let output = try run { try Programs.run(program, arguments.split(separator: " ").map(String.init)) }
        try #require(output.status == 0, "\(program) \(arguments): \(output.errors)")
    }
}
