import Glibc
import UnstuckKernel

/// A folder in a bpffs that holds pins of one map's.
enum PinFolder {
    /// Makes it, and those above it.
    static func make(_ folder: String) throws(SystemError) {
        var path = ""
        for part in folder.split(separator: "/") {
            let parent = path
            path += "/\(part)"
            guard unsafe access(path, F_OK) != 0 else { continue }
            // Elsewhere a folder could be made, and nothing pinned in it.
            let call = "make the pins' folder"
            guard MissingPrivilege.isBPFFS(parent) else {
                throw SystemError(call, path, errno: EOPNOTSUPP, requires: "a bpffs: mount -t bpf bpf \(parent)")
            }
            guard unsafe mkdir(path, 0o700) != 0, errno != EEXIST else { continue }
            throw SystemError(call, path, errno: errno)
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
