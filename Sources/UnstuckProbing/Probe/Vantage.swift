import Glibc
import UnstuckKernel
import UnstuckModel

/// Where a probe starts from.
public struct Vantage: Sendable, Hashable {
    /// The network namespace: a name below /run/netns, a path (`/proc/812/ns/net`), or a process id. `nil`: our own.
    public var namespace: String?
    /// `nil`: the kernel chooses by route.
    public var sourceAddress: IPAddress?
    /// `nil`: the kernel chooses. A port that an earlier probe left in TIME_WAIT can be used again.
    public var sourcePort: UInt16?

    public init(namespace: String? = nil, sourceAddress: IPAddress? = nil, sourcePort: UInt16? = nil) {
        self.namespace = namespace
        self.sourceAddress = sourceAddress
        self.sourcePort = sourcePort
    }

    /// The file that stands for the namespace. A number is a process id, as everywhere else on the command line.
    var namespacePath: String? {
        guard let namespace else { return nil }
        if namespace.contains("/") { return namespace }
        if !namespace.isEmpty, namespace.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return "/proc/\(namespace)/ns/net"
        }
        return "/run/netns/\(namespace)"
    }

    /// Runs `body` in the namespace, on a thread of its own; in our own namespace, on the calling thread.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(ProbeError) -> Value
    ) throws(ProbeError) -> Value {
        guard let path = namespacePath else { return try body() }
        do {
            return try NamespaceThread.run(in: path, body)
        } catch let error as ProbeError {
            throw error
        } catch let error as SystemError {
            throw Self.refusal(error, path: path)
        } catch {
            throw ProbeError(.system, "cannot run in network namespace \(path)", cause: error)
        }
    }

    private static func refusal(_ error: SystemError, path: String) -> ProbeError {
        switch (error.call, error.errno) {
        case ("open", ENOENT), ("open", ENOTDIR):
            ProbeError(.namespace, "there is no network namespace at \(path)", cause: error)
        case ("open", EACCES), ("open", EPERM):
            ProbeError(
                .namespace, "cannot open the network namespace \(path): \(error.reason)",
                capability: Capability.sysPtrace.isPresent
                    ? "a way into the process: CAP_SYS_PTRACE is present, and a security module or a user namespace refuses"
                    : "CAP_SYS_PTRACE for another user's process", cause: error)
        case ("setns", EPERM):
            ProbeError(
                .namespace, "cannot join the network namespace \(path): \(error.reason)",
                capability: "CAP_SYS_ADMIN", cause: error)
        case ("setns", EINVAL):
            ProbeError(.namespace, "\(path) is not a network namespace", cause: error)
        default:
            ProbeError(.namespace, "cannot enter the network namespace \(path): \(error)", cause: error)
        }
    }
}
