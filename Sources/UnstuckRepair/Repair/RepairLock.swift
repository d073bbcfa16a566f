import FoundationEssentials
import Glibc
import UnstuckKernel

/// Lets one repair run at a time on a node; the kernel gives the lock back when the process ends, however it ends. Who
/// holds it stands in the file, for people; whether somebody does, the kernel alone decides.
public struct RepairLock: ~Copyable {
    public enum Failure: Error, CustomStringConvertible {
        /// Another run holds it; which one, as far as it has said so.
        case held(by: Holder?)
        case system(SystemError)

        public var description: String {
            switch self {
            case .held(let holder):
                "another repair is running on this node" + (holder.map { ": \($0)" } ?? ", and has not said which")
            case .system(let error): "\(error)"
            }
        }
    }

    /// A process, and since when it has held the lock (seconds since 1970).
    public struct Holder: Sendable, Hashable, CustomStringConvertible {
        public var pid: Int32
        public var since: Int
        public var description: String {
            "process \(pid), since " + Date(timeIntervalSince1970: Double(since)).formatted(.iso8601)
        }
    }

    private let file: OwnedDescriptor

    public init(path: String) throws(Failure) {
        do { file = try Self.lock(path) } catch {
            throw error.errno == EWOULDBLOCK ? .held(by: Self.holder(path)) : .system(error)
        }
    }

    private static func lock(_ path: String) throws(SystemError) -> OwnedDescriptor {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            unsafe _ = mkdir(String(path[..<slash]), 0o755)
        }
        let file = try OwnedDescriptor(path: path, flags: O_RDWR | O_CREAT, mode: 0o600)
        let descriptor = file.raw
        try syscall("lock", on: path) { flock(descriptor, LOCK_EX | LOCK_NB) }
        try syscall("ftruncate", on: path) { ftruncate(descriptor, 0) }
        try file.writeAll(Array("\(getpid()) \(Int(Date().timeIntervalSince1970))\n".utf8))
        return file
    }

    /// What the file says; `nil` if it says nothing, or names a process that is gone (its successor is about to write).
    private static func holder(_ path: String) -> Holder? {
        let words = readText(path)?.split(whereSeparator: \.isWhitespace) ?? []
        guard words.count == 2, let pid = Int32(words[0]), pid > 0, let since = Int(words[1]),
            (0..<1 << 40).contains(since), kill(pid, 0) == 0 || errno == EPERM
        else { return nil }
        return Holder(pid: pid, since: since)
    }
}
