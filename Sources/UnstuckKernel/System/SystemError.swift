import CLinuxUAPI
import Glibc

/// A system call that failed: which one, on what, and why.
public struct SystemError: Error, Sendable, CustomStringConvertible {
    public var call: String
    /// What it was about: "sockmap 35", "/proc/1/ns/net".
    public var object: String
    public var errno: Int32

    public init(_ call: String, _ object: String, errno: Int32) {
        self.call = call
        self.object = object
        self.errno = errno
    }

    public var reason: String { unsafe String(cString: strerror(errno)) }
    public var description: String { "\(call) \(object): \(reason)" }
}

/// Runs a call that returns less than 0 and sets `errno` on failure, as system calls (-1) and libbpf's (-errno) do; EINTR is
/// retried.
@discardableResult
public func syscall<Result: FixedWidthInteger>(
    _ call: String, on object: @autoclosure () -> String, retrying: [Int32] = [EINTR], _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        guard result < 0 else { return result }
        let code = errno
        if !retrying.contains(code) { throw SystemError(call, object(), errno: code) }
    }
}
