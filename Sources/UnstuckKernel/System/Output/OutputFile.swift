import CLinuxUAPI
import Glibc
import UnstuckModel

/// Files that people name for results.
///
/// A regular file, or none, is replaced in one step: written aside and renamed, so that a reader never sees half of one. A
/// device or a FIFO is opened and written to, and stays what it is. A symbolic link is followed, and stays.
public enum OutputFile {
    /// Why a file was not written.
    public struct Failure: Error, CustomStringConvertible {
        public var path: String
        public var reason: String
        /// What the kernel refused, if it was the kernel.
        public var cause: SystemError?

        init(_ path: String, _ reason: String) { (self.path, self.reason) = (path, reason) }

        init(_ path: String, _ cause: SystemError) {
            self.path = path
            self.cause = cause
            reason = ["open", "write"].contains(cause.call) ? cause.reason : "\(cause.reason) (\(cause.call))"
        }

        public var description: String { "cannot write \(safeText(path)): \(reason)" }
    }

    /// Writes all of it, or says why not; a file that was there before is then as it was.
    ///
    /// - Parameter mode: of a file that is made or replaced.
    public static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws(Failure) {
        do {
            try write(to: path, mode: mode) { try unsafe $0(bytes.span.bytes) }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(path, "\(error)")
        }
    }

    /// As ``write(_:to:mode:)``, piece by piece.
    ///
    /// - Parameter body: is given what writes a piece. What it throws itself is thrown on, and leaves a file as it was.
    /// - Throws: ``Failure``, and what `body` throws.
    public static func write(
        to path: String, mode: mode_t = 0o600, _ body: (_ write: (RawSpan) throws -> Void) throws -> Void
    ) throws {
        do {
            let place = try OutputPlace(path)
            switch place.kind {
            case .nothing, .regular: try replace(place, path, mode, body)
            case .device, .pipe: try write(to: open(place, path), path, body)
            case .stream(let number):
                let raw = try syscall("dup", on: path) { fcntl(number, F_DUPFD_CLOEXEC, 0) }
                try write(to: OwnedDescriptor(owning: raw, named: path), path, body)
            case .opened: try write(to: open(place, path, flags: O_APPEND), path, body)
            case .other: throw SystemError(place.refusal, path, errno: 0)
            }
        } catch let error as SystemError {
            throw error.errno == 0 ? Failure(path, error.call) : Failure(path, error)
        }
    }

    private static func write(
        to file: borrowing OwnedDescriptor, _ path: String, _ body: (_ write: (RawSpan) throws -> Void) throws -> Void
    ) throws {
        let raw = file.raw
        try body { try writeWhole($0, to: raw, path) }
    }

    public static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws(Failure) {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// Opens what is no regular file, and makes sure that it is what was seen there.
    private static func open(
        _ place: borrowing OutputPlace, _ path: String, flags: Int32 = O_NOFOLLOW
    ) throws(SystemError) -> OwnedDescriptor {
        let (folder, name) = (place.folder.raw, place.name)
        let raw = try syscall("open", on: path) {
            unsafe openat(folder, name, O_WRONLY | O_NOCTTY | O_CLOEXEC | flags)
        }
        let file = OwnedDescriptor(owning: raw, named: path)
        var status = stat()
        try syscall("fstat", on: path) { unsafe fstat(raw, &status) }
        guard place.kind == .opened || place.kind == OutputPlace.Kind(status) else {
            throw SystemError(OutputPlace.changed, path, errno: 0)
        }
        return file
    }

    private static func replace(
        _ place: borrowing OutputPlace, _ path: String, _ mode: mode_t,
        _ body: (_ write: (RawSpan) throws -> Void) throws -> Void
    ) throws {
        let (folder, name) = (place.folder.raw, place.name)
        let aside = try Aside(place, path, mode)
        do {
            let file = aside.file.raw
            try write(to: aside.file, path, body)
            // What a disk has no room for is reported here at the latest.
            try syscall("fsync", on: path) { fsync(file) }
            // A device may have been put there meanwhile.
            switch try OutputPlace.kind(of: name, in: place.folder, path) {
            case .nothing, .regular: break
            default: throw SystemError(OutputPlace.changed, path, errno: 0)
            }
            try syscall("rename", on: path) { unsafe renameat(folder, aside.name, folder, name) }
        } catch {
            unsafe _ = unlinkat(folder, aside.name, 0)
            throw error
        }
    }

    /// A new file beside the other; what a killed run has left is not taken for it.
    private struct Aside: ~Copyable {
        let file: OwnedDescriptor
        let name: String

        init(_ place: borrowing OutputPlace, _ path: String, _ mode: mode_t) throws(SystemError) {
            // A name has room for 255 bytes.
            let stem = String(decoding: place.name.utf8.prefix(200), as: UTF8.self)
            let folder = place.folder.raw
            for attempt in 0..<100 {
                let name = "\(stem).partial-\(getpid())-\(attempt)"
                let raw = unsafe openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
                if raw >= 0 {
                    file = OwnedDescriptor(owning: raw, named: path)
                    self.name = name
                    return
                }
                guard errno == EEXIST else { break }
            }
            throw SystemError("open", path, errno: errno)
        }
    }
}
