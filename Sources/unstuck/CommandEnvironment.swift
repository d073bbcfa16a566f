import Glibc

/// What a command touches of the world around it, so that a test can put its own there.
struct CommandEnvironment {
    var write: (String) -> Void
    var writeError: (String) -> Void
    /// Colours are wanted: a terminal, and no NO_COLOR (https://no-color.org).
    var isColoured: Bool

    static var process: CommandEnvironment {
        CommandEnvironment(
            write: { emit($0, to: STDOUT_FILENO) },
            writeError: { emit($0, to: STDERR_FILENO) },
            isColoured: unsafe isatty(STDOUT_FILENO) == 1 && (getenv("NO_COLOR").map { unsafe $0.pointee == 0 } ?? true)
        )
    }

    /// Unbuffered: a line is out before the next probe begins to wait.
    private static func emit(_ text: String, to descriptor: Int32) {
        let bytes = Array((text + "\n").utf8)
        var sent = 0
        while sent < bytes.count {
            let offset = sent
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            sent += count
        }
    }
}
