import Glibc
import UnstuckKernel

/// A folder in a bpffs that holds pins of one map's.
enum PinFolder {
    /// Makes it, and those above it.
    static func make(_ folder: String) throws(SystemError) {
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/\(part)"
            guard unsafe mkdir(path, 0o700) != 0, errno != EEXIST else { continue }
            throw SystemError("make folder (is a bpffs mounted there?)", path, errno: errno)
        }
    }

    /// Removes it with its pins, and the folders of pins in it.
    static func remove(_ folder: String) {
        for name in directoryNames(folder) where unsafe unlink("\(folder)/\(name)") != 0 {
            remove("\(folder)/\(name)")
        }
        unsafe _ = rmdir(folder)
    }
}
