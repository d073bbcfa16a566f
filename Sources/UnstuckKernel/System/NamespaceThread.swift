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
            try syscall("setns", on: path) { linux_setns_net(descriptor) }
            return try body()
        }
    }

    /// Runs `body` on a thread of its own and waits for it.
    public static func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let job = Job(body)
        var thread = pthread_t()
        let opaque = unsafe Unmanaged.passRetained(job)
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<AnyJob>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, opaque.toOpaque())
        guard code == 0 else {
            unsafe opaque.release()
            throw SystemError("pthread_create", "namespace thread", errno: code)
        }
        pthread_join(thread, nil)
        guard let result = job.result else { throw SystemError("pthread_join", "namespace thread", errno: EINVAL) }
        return try result.get()
    }

    private class AnyJob { func run() {} }

    /// Written by the thread, read after it was joined: never at the same time.
    private final class Job<Value>: AnyJob {
        private let body: () throws -> Value
        private(set) var result: Result<Value, any Error>?
        init(_ body: @escaping () throws -> Value) { self.body = body }
        override func run() { result = Result { try body() } }
    }
}
