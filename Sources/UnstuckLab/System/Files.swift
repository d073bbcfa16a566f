import CLinuxUAPI
import Glibc
import UnstuckKernel

/// The few things that the lab does with files.
enum Files {
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Makes a folder and what is missing above it.
    static func makeFolder(_ path: String) throws {
        guard !exists(path) else { return }
        let parent = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        if !parent.isEmpty { try makeFolder(parent) }
        do throws(SystemError) {
            try syscall("mkdir", on: path) { unsafe mkdir(path, 0o755) }
        } catch {
            guard error.errno == EEXIST else { throw error }
        }
    }

    /// Makes a folder that nobody else can have made, its name beginning with `prefix`.
    static func makeTemporaryFolder(_ prefix: String) throws(SystemError) -> String {
        var path = Array("\(prefix)XXXXXX".utf8CString)
        guard unsafe mkdtemp(&path) != nil else { throw SystemError("mkdtemp", prefix, errno: errno) }
        return String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func write(_ text: String, to path: String, flags: Int32 = O_WRONLY | O_CREAT | O_TRUNC) throws {
        let file = try OwnedDescriptor(path: path, flags: flags)
        try write(Array(text.utf8), to: file, path)
    }

    static func write(_ bytes: [UInt8], to file: borrowing OwnedDescriptor, _ path: String) throws {
        let descriptor = file.raw
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try syscall("write", on: path) {
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
    }

    /// What a file has from `offset` on. Its position is neither used nor moved: another process may still be writing there.
    static func rest(of file: borrowing OwnedDescriptor, from offset: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        let descriptor = file.raw
        while true {
            let place = off_t(offset + bytes.count)
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress, $0.count, place)
            }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// Writes a whole file or none of it: assembled aside, then renamed.
    static func publish(_ text: String, at path: String) throws {
        try OutputFile.write(text, to: path, mode: 0o644)
    }

    /// Removes a folder with everything in it, without following links or crossing into mounts' contents by surprise:
    /// the caller has unmounted before. Missing is fine.
    static func removeTree(_ path: String) throws {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in directoryNames(path) { try removeTree("\(path)/\(name)") }
            try syscall("rmdir", on: path) { unsafe rmdir(path) }
        } else {
            try syscall("unlink", on: path) { unsafe unlink(path) }
        }
    }
}
