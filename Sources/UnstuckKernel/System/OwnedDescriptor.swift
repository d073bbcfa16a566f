import Glibc

/// A file descriptor that is closed when its owner goes.
public struct OwnedDescriptor: ~Copyable, Sendable {
    public let raw: Int32
    /// What it was opened from, for errors; `nil`: nobody said.
    private let path: String?

    /// Takes over an open descriptor.
    ///
    /// - Parameter path: what errors call it.
    public init(owning raw: Int32, named path: String? = nil) {
        self.raw = raw
        self.path = path
    }

    /// Opens a path with `O_CLOEXEC`.
    public init(path: String, flags: Int32 = O_RDONLY, mode: mode_t = 0o644) throws(SystemError) {
        raw = try syscall("open", on: path) { unsafe open(path, flags | O_CLOEXEC, mode) }
        self.path = path
    }

    deinit { close(raw) }

    /// For errors.
    public var name: String { path ?? "descriptor \(raw)" }

    /// Everything up to end of file.
    public func readAll(sizeHint: Int = 4096) throws(SystemError) -> [UInt8] {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: max(sizeHint, 4096))
        while true {
            let count = try syscall("read", on: name) {
                unsafe chunk.withUnsafeMutableBytes { unsafe read(raw, $0.baseAddress, $0.count) }
            }
            if count == 0 { return result }
            result += chunk[..<count]
        }
    }

    /// Everything up to end of file, piece by piece: one of them is in memory.
    ///
    /// - Parameter most: bytes of a piece.
    public func forEachChunk(of most: Int = 1 << 18, _ body: ([UInt8]) throws -> Void) throws {
        while true {
            var chunk = [UInt8](repeating: 0, count: most)
            let count = try syscall("read", on: name) {
                unsafe chunk.withUnsafeMutableBytes { unsafe read(raw, $0.baseAddress, $0.count) }
            }
            if count == 0 { return }
            chunk.removeLast(most - count)
            try body(chunk)
        }
    }
}

extension OwnedDescriptor {
    /// Writes all of it.
    public func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        try unsafe writeWhole(bytes.span.bytes, to: raw, name)
    }
}

/// Writes all of it, also to a descriptor that does not block.
///
/// - Parameter name: of what the descriptor is, for errors.
func writeWhole(_ bytes: RawSpan, to descriptor: Int32, _ name: @autoclosure () -> String) throws(SystemError) {
    var written = 0
    while written < bytes.byteCount {
        let rest = bytes.extracting(written...)
        let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            written += count
        } else if count == 0 {
            throw SystemError("write", name(), errno: EIO)  // a write that takes nothing would go on for ever
        } else if errno == EAGAIN {
            var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            try syscall("poll", on: name()) { unsafe poll(&wanted, 1, -1) }
        } else if errno != EINTR {
            throw SystemError("write", name(), errno: errno)
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
