import CLinuxUAPI
import Glibc
import UnstuckKernel

/// One `up` or `down` of a lab at a time.
///
/// The lock belongs to the open file, so it is handed to the short-lived children of `up` too: after a SIGKILL of `up`,
/// `down` waits until the last of them has done what it was reported, and nothing appears behind its back.
struct LabLock: ~Copyable {
    private let file: OwnedDescriptor
    private let path: String

    /// To be given to children; they hold the lock as long as they hold the descriptor.
    var raw: Int32 { file.raw }

    static func acquire(_ layout: LabLayout, within limit: Duration = .seconds(15)) throws -> LabLock {
        let path = layout.lockPath
        let deadline = Deadline(after: limit)
        while true {
            // Again each time: the `down` of another lab may have removed the empty folder.
            try Files.makeFolder(LabLayout.labsRoot)
            let raw = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            let code = errno
            guard raw >= 0 else {
                if code == ENOENT, !deadline.hasPassed { continue }
                throw SystemError("open", path, errno: code)
            }
            let file = OwnedDescriptor(owning: raw)
            guard deadline.wait(until: { flock(raw, LOCK_EX | LOCK_NB) == 0 }) else {
                throw LabError(.failed, "another up or down of lab \"\(layout.name)\" is under way (\(path))")
            }
            // Anyone who had it before may have removed the file: then another may lock a new one.
            if inodeNumber(path) == inodeNumber("/proc/self/fd/\(raw)") { return LabLock(file: file, path: path) }
            guard !deadline.hasPassed else { throw LabError(.failed, "\(path) is removed each time it was locked") }
        }
    }

    /// Removes the lock's file: the lab is gone.
    consuming func remove() { unsafe _ = unlink(path) }
}
