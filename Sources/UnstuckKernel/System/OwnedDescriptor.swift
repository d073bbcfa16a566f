import Glibc

/// A file descriptor that is closed when its owner goes.
public struct OwnedDescriptor: ~Copyable, Sendable {
    public let raw: Int32

    /// Takes over an open descriptor.
    public init(owning raw: Int32) { self.raw = raw }

    /// Opens a path with `O_CLOEXEC`.
    public init(path: String, flags: Int32 = O_RDONLY, mode: mode_t = 0o644) throws(SystemError) {
        raw = try syscall("open", on: path) { unsafe open(path, flags | O_CLOEXEC, mode) }
    }

    deinit { close(raw) }

    /// Everything up to end of file.
    public func readAll(sizeHint: Int = 4096) throws(SystemError) -> [UInt8] {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: max(sizeHint, 4096))
        while true {
            let count = try syscall("read", on: "descriptor \(raw)") {
                unsafe chunk.withUnsafeMutableBytes { unsafe read(raw, $0.baseAddress, $0.count) }
            }
            if count == 0 { return result }
            result += chunk[..<count]
        }
    }
}

extension OwnedDescriptor {
    /// Writes all of it.
    public func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try syscall("write", on: "descriptor \(raw)") {
                unsafe bytes.withUnsafeBytes { buffer in
                    guard let start = buffer.baseAddress else { return 0 }
                    return unsafe write(raw, start + written, buffer.count - written)
                }
            }
        }
    }
}

/// The bytes of a file, as procfs and sysfs want to be read: without asking for its size first.
public func readFile(_ path: String) throws(SystemError) -> [UInt8] {
    try OwnedDescriptor(path: path).readAll()
}

/// A file's text with invalid UTF-8 repaired; `nil` if it cannot be read.
public func readText(_ path: String) -> String? {
    (try? readFile(path)).map { String(decoding: $0, as: UTF8.self) }
}
