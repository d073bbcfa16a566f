import CLinuxUAPI
import Glibc

/// Runs work inside another network namespace, on a thread made for it: no other thread of the process ever leaves
/// its namespace.
public enum NamespaceThread {
    /// Joins the namespace at `path` (`/proc/PID/ns/net`, `/run/netns/NAME`) and runs `body` there.
    public static func run<Value: Sendable>(
        in path: String, _ body: @escaping @Sendable () throws -> Value
    ) throws -> Value {
        let namespace = try OwnedDescriptor(path: path)
        let descriptor = namespace.raw
        return try onThread {
            try syscall("setns", on: path, needs: [.sysAdmin]) { linux_setns_net(descriptor) }
            return try body()
        }
    }

    /// Runs `body` on a thread of its own and waits for it.
    public static func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        try JoinableThread(body).wait()
    }
}
