import Glibc

/// A thread that runs one piece of work. Anyone who started it waits for it, at the latest by letting it go.
@safe
public struct JoinableThread<Value: Sendable>: ~Copyable {  // the thread is joined once
    private let thread: pthread_t
    private let job: Job<Value>

    public init(_ body: @escaping @Sendable () throws -> Value) throws {
        job = Job(body)
        var thread = pthread_t()
        let opaque = unsafe Unmanaged.passRetained(job as AnyJob)
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<AnyJob>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, opaque.toOpaque())
        guard code == 0 else {
            unsafe opaque.release()
            throw SystemError("pthread_create", "thread", errno: code)
        }
        self.thread = thread
    }

    deinit { pthread_join(thread, nil) }

    /// What the work came to.
    public consuming func wait() throws -> Value {
        let job = self.job
        do { _ = consume self }  // joined: what the thread wrote is ours to read
        guard let result = job.result else { throw SystemError("pthread_join", "thread", errno: EINVAL) }
        return try result.get()
    }
}

private class AnyJob { func run() {} }

/// Written by the thread, read after it was joined: never at the same time.
private final class Job<Value>: AnyJob {
    private let body: () throws -> Value
    private(set) var result: Result<Value, any Error>?
    init(_ body: @escaping () throws -> Value) { self.body = body }
    override func run() { result = Result { try body() } }
}
