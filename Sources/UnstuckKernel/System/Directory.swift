import Glibc

/// The names in a directory, without `.` and `..`, sorted by nothing; empty if it cannot be read.
public func directoryNames(_ path: String) -> [String] { (try? readDirectory(path)) ?? [] }

/// As ``directoryNames(_:)``; empty if there is no such directory.
///
/// - Throws: `SystemError` if it cannot be read.
public func readDirectory(_ path: String) throws(SystemError) -> [String] {
    guard let stream = unsafe opendir(path) else {
        if errno == ENOENT { return [] }
        throw SystemError("opendir", path, errno: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
        errno = 0
        guard let entry = unsafe readdir(stream) else {
            // The end, or a failure: errno alone tells.
            if errno != 0 { throw SystemError("readdir", path, errno: errno) }
            return names
        }
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
            // d_name is a NUL-terminated array inside the entry that readdir keeps alive until its next call.
            unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
}

/// Where a symbolic link points; `nil` if it is none or cannot be read.
public func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBytes { raw in
        guard let start = raw.baseAddress else { return -1 }
        return unsafe readlink(path, start.assumingMemoryBound(to: CChar.self), raw.count)
    }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
}

/// `st_ino` of what a path names, links followed.
public func inodeNumber(_ path: String) -> UInt64? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
}
