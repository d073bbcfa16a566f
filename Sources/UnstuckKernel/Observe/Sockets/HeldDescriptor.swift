import CUnstuckABI
import UnstuckFormats
import UnstuckModel

/// By which descriptor of which process a socket is held, as `iter/task_file` has it.
struct HeldDescriptor {
    /// Of the socket's file.
    var inode: UInt64
    /// In the initial PID namespace, whatever our own is.
    var pid: Int32
    var descriptor: Int32
    /// Of the process, nanoseconds since boot.
    var start: UInt64
    /// The process's name for itself, NUL-padded.
    var command: (UInt64, UInt64)

    /// - Parameter raw: a `struct unstuck_owned` whose length was checked.
    init(_ raw: unstuck_owned) {
        inode = raw.tcp.socket.inode
        pid = Int32(bitPattern: raw.pid)
        descriptor = Int32(bitPattern: raw.descriptor)
        start = raw.start_ns
        command = unsafe withUnsafeBytes(of: raw.command) { bytes in
            // The array has sixteen bytes.
            unsafe (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }

    /// Clock ticks a second in /proc/PID/stat (`USER_HZ`, 100 on every architecture but alpha and ia64).
    private static let ticks: UInt64 = 100

    var owner: SocketOwner {
        let name = unsafe withUnsafeBytes(of: command) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return SocketOwner(
            pid: pid, command: name, descriptor: descriptor, inode: inode,
            startTime: start / (1_000_000_000 / Self.ticks))
    }
}
