import CLinuxUAPI
import Glibc

/// An error with which the kernel refuses something, and what it would have taken.
public protocol KernelError: Error, CustomStringConvertible {
    var errno: Int32 { get }
    /// The capabilities that it takes, present or not.
    var needs: [Capability] { get }
    /// What else is known to be missing: "a bpffs: mount -t bpf bpf /sys/fs/bpf".
    var requires: String? { get }
}

/// A system call that failed: which one, on what, and why.
public struct SystemError: KernelError, Sendable {
    public var call: String
    /// What it was about: "sockmap 35", "/proc/1/ns/net".
    public var object: String
    public var errno: Int32
    public var needs: [Capability]
    public var requires: String?

    public init(_ call: String, _ object: String, errno: Int32, needs: [Capability] = [], requires: String? = nil) {
        self.call = call
        self.object = object
        self.errno = errno
        self.needs = needs
        self.requires = requires
    }

    public var reason: String { unsafe String(cString: strerror(errno)) }
    public var description: String { "\(call) \(object): \(reason)" }
}

/// Runs a call that returns less than 0 and sets `errno` on failure, as system calls (-1) and libbpf's (-errno) do; EINTR is
/// retried.
///
/// - Parameter needs: the capabilities that the call takes.
@discardableResult
public func syscall<Result: FixedWidthInteger>(
    _ call: String, on object: @autoclosure () -> String, retrying: [Int32] = [EINTR],
    needs: [Capability] = [], _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        guard result < 0 else { return result }
        let code = errno
        if !retrying.contains(code) { throw SystemError(call, object(), errno: code, needs: needs) }
    }
}
