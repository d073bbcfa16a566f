import FoundationEssentials
import Glibc
import UnstuckKernel

/// Lets one repair run at a time on a node; the kernel gives the lock back when the process ends, however it ends. Who
/// holds it is in the file, for people; whether someone does, the kernel alone decides.
public struct FileLock: ~Copyable {
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
    private let path: String
    private let isTransient: Bool

    /// - Parameters:
    ///   - seconds: how long to wait for another who holds it.
    ///   - isTransient: its file goes with it.
    public init(path: String, patience seconds: Double = 0, isTransient: Bool = false) throws(Failure) {
        self.path = path
        self.isTransient = isTransient
        file = try Self.wait(for: path, seconds)
    }

    deinit { if isTransient { unsafe _ = unlink(path) } }

    /// Whether someone holds the lock of a path: in this PID namespace or another one. Creates nothing.
    ///
    /// - Returns: `nil`: it cannot be seen.
    public static func isHeld(_ path: String) -> Bool? {
        do throws(SystemError) {
            let file = try OwnedDescriptor(path: path, flags: O_RDONLY)
            // For a moment it is ours, shared with others who ask.
            let descriptor = file.raw
            try syscall("lock", on: path) { flock(descriptor, LOCK_SH | LOCK_NB) }
            return false
        } catch {
            switch error.errno {
            case EWOULDBLOCK: return true
            case ENOENT: return false
            default: return nil
            }
        }
    }

    private static func wait(for path: String, _ seconds: Double) throws(Failure) -> OwnedDescriptor {
        let end = ContinuousClock.now + .seconds(seconds)
        var removals = 0
        while true {
            do throws(SystemError) {
                let file = try lock(path)
                // Anyone who held it before may have removed the file that we opened: nobody holds the next one yet.
                if try isStill(file, at: path) { return file }
                removals += 1
                guard removals < mostRemovals else { throw SystemError("lock", path, errno: EBUSY) }
                continue
            } catch {
                guard error.errno == EWOULDBLOCK else { throw .system(error) }
            }
            guard ContinuousClock.now < end else { throw .held(by: holder(path)) }
            usleep(20_000)
        }
    }

    /// Each is a run that has just finished: that many in a row are no coincidence.
    private static let mostRemovals = 100

    /// Whether the file that we have locked is the one that others will find.
    ///
    /// - Throws: `SystemError` where that cannot be known: it would be asked for ever.
    private static func isStill(_ file: borrowing OwnedDescriptor, at path: String) throws(SystemError) -> Bool {
        var (ours, there) = (stat(), stat())
        try syscall("fstat", on: path) { unsafe fstat(file.raw, &ours) }
        guard unsafe stat(path, &there) == 0 else {
            guard errno == ENOENT else { throw SystemError("stat", path, errno: errno) }
            return false
        }
        return ours.st_ino == there.st_ino && ours.st_dev == there.st_dev
    }

    private static func lock(_ path: String) throws(SystemError) -> OwnedDescriptor {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            unsafe _ = mkdir(String(path[..<slash]), 0o755)
        }
        let file = try OwnedDescriptor(path: path, flags: O_RDWR | O_CREAT, mode: 0o600)
        let descriptor = file.raw
        try syscall("lock", on: path) { flock(descriptor, LOCK_EX | LOCK_NB) }
        try syscall("ftruncate", on: path) { ftruncate(descriptor, 0) }
        try file.writeAll(Array("\(getpid()) \(Int(SystemClock.wall.seconds))\n".utf8))
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
