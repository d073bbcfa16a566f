import CLinuxUAPI
import Glibc

/// What a path leads to, links followed: the folder that holds it, its name there, and what it is.
///
/// The folder is held open, so that nobody can put another one in its place between this look and the next step.
public struct OutputPlace: ~Copyable {
    public enum Kind: Equatable, Sendable {
        case nothing
        case regular
        case device
        case pipe
        /// One of this process's own descriptors (`/dev/stdout`, `/dev/fd/3`).
        case stream(Int32)
        /// A file that procfs names because some process has it open.
        case opened
        /// What cannot be written as a file: a folder, a socket, a disk.
        case other(mode_t)

        init(_ status: stat) {
            switch status.st_mode & S_IFMT {
            case S_IFREG: self = .regular
            case S_IFCHR: self = .device
            case S_IFIFO: self = .pipe
            default: self = .other(status.st_mode & S_IFMT)
            }
        }
    }

    public let folder: OwnedDescriptor
    public let name: String
    public let kind: Kind

    /// As many as the kernel follows (`MAXSYMLINKS`, include/linux/namei.h).
    private static let mostLinks = 40
    static let changed = "it was replaced by something else meanwhile"

    /// - Throws: `SystemError` about the path: a folder above it is missing or closed to us, links in a circle.
    public init(_ path: String) throws(SystemError) {
        var from = OwnedDescriptor(owning: try Self.open(".", from: AT_FDCWD, path))
        var rest = path
        for _ in 0..<Self.mostLinks {
            let cut = rest.utf8.lastIndex(of: UInt8(ascii: "/"))
            let parent = cut.map { String(rest[...$0]) } ?? "."
            let last = cut.map { String(rest[rest.utf8.index(after: $0)...]) } ?? rest
            guard !["", ".", ".."].contains(last) else {
                throw SystemError("open", path, errno: rest.isEmpty ? ENOENT : EISDIR)
            }
            let folder = OwnedDescriptor(owning: try Self.open(parent, from: from.raw, path))
            let found = try Self.kind(of: last, in: folder, path)
            guard found == .other(S_IFLNK) else {
                self.folder = folder
                (name, kind) = (last, found)
                return
            }
            // Where such a link leads is no path.
            if linux_filesystem_kind_of(folder.raw) == 0x9fa0 {  // PROC_SUPER_MAGIC
                kind = Self.ownStream(last, in: folder).map(Kind.stream) ?? .opened
                self.folder = folder
                name = last
                return
            }
            rest = try Self.target(of: last, in: folder, path)
            from = folder
        }
        throw SystemError("open", path, errno: ELOOP)
    }

    /// What is there now, links not followed.
    static func kind(of name: String, in folder: borrowing OwnedDescriptor, _ path: String) throws(SystemError) -> Kind
    {
        var status = stat()
        let raw = folder.raw
        guard unsafe fstatat(raw, name, &status, AT_SYMLINK_NOFOLLOW) != 0 else { return Kind(status) }
        guard errno == ENOENT else { throw SystemError("fstatat", path, errno: errno) }
        return .nothing
    }

    /// Why this is not written.
    var refusal: String {
        switch kind {
        case .other(S_IFDIR): "it is a folder"
        case .other(S_IFSOCK): "it is a socket"
        case .other(S_IFBLK): "it is a disk"
        default: "it is neither a regular file nor a device nor a pipe"
        }
    }

    private static func open(_ folder: String, from: Int32, _ path: String) throws(SystemError) -> Int32 {
        try syscall("open", on: path) { unsafe linux_open_folder(from, folder) }
    }

    private static func target(
        of name: String, in folder: borrowing OwnedDescriptor, _ path: String
    ) throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let raw = folder.raw
        let count = try syscall("readlink", on: path) { unsafe readlinkat(raw, name, &buffer, buffer.count) }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// `folder` is our own /proc/PID/fd or one of our threads'.
    private static func ownStream(_ name: String, in folder: borrowing OwnedDescriptor) -> Int32? {
        let parts = linkTarget("/proc/self/fd/\(folder.raw)")?.split(separator: "/").map(String.init) ?? []
        guard parts.last == "fd", parts.dropLast().last.flatMap({ Int32($0) }) == getpid() || parts.contains("task"),
            parts.count > 1, parts[1] == "\(getpid())"
        else { return nil }
        return Int32(name)
    }
}
