import Glibc
import UnstuckKernel

/// Lets one repair run at a time on a node; the kernel gives the lock back when the process ends, however it ends.
public struct RepairLock: ~Copyable {
    private let file: OwnedDescriptor

    /// - Throws: `SystemError` with EWOULDBLOCK while another run holds it.
    public init(path: String) throws(SystemError) { file = try Self.lock(path) }

    private static func lock(_ path: String) throws(SystemError) -> OwnedDescriptor {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            unsafe _ = mkdir(String(path[..<slash]), 0o755)
        }
        let file = try OwnedDescriptor(path: path, flags: O_RDWR | O_CREAT, mode: 0o600)
        let descriptor = file.raw
        try syscall("lock", on: path) { flock(descriptor, LOCK_EX | LOCK_NB) }
        return file
    }
}
