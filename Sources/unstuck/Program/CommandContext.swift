import Glibc
import UnstuckKernel
import UnstuckRender

/// Everything a command gets from outside, and everywhere it prints: the process's own (``process``), or a test's.
struct CommandContext: Sendable {
    /// Writes all of it to standard output, or throws what ends the command (``Program``).
    var writeBytes: @Sendable (RawSpan) throws(StandardOutput.Failure) -> Void
    /// Writes all of it to standard error, if it can.
    var writeError: @Sendable (String) -> Void
    /// A variable of the environment.
    var environment: @Sendable (String) -> String?
    /// A person reads standard output on a terminal.
    var isOutputTerminal: Bool
    /// A person reads standard error on a terminal.
    var isErrorTerminal: Bool
    /// A person types what is read from standard input.
    var isInputTerminal: Bool
    /// Columns of the terminal on standard output; `nil`: there is none, or it does not say.
    var columns: Int?
    /// Waits so many seconds.
    var sleep: @Sendable (Double) -> Void

    /// Results go to standard output, everything else to standard error.
    func write(_ text: String) throws(StandardOutput.Failure) {
        let bytes = Array(text.utf8)
        try unsafe writeBytes(bytes.span.bytes)
    }

    func write(_ bytes: RawSpan) throws(StandardOutput.Failure) { try writeBytes(bytes) }

    /// Tells what was changed. If nobody can be told by standard output, `summary` goes to standard error: that nothing was
    /// said must not look as if nothing was done.
    func write(ofChange summary: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as StandardOutput.Failure {
            if !failure.hasReaderLeft { printError("unstuck: \(summary)") }
            throw failure
        }
    }

    /// A text for people, in characters that they can see.
    func writeText(_ text: String) throws(StandardOutput.Failure) { try write(characters.shown(text)) }

    func printError(_ text: String) { writeError(characters.shown(text + "\n")) }

    /// Progress, for a person who waits: only on a terminal.
    func printProgress(_ text: String) {
        if isErrorTerminal { printError(text) }
    }

    /// Colour only on a terminal, and never with NO_COLOR (https://no-color.org).
    var isColoured: Bool { isOutputTerminal && (environment("NO_COLOR") ?? "").isEmpty }

    var style: Style {
        Style(
            isColoured: isColoured, width: width, rowWidth: wantedWidth ?? columns ?? Self.unlimited,
            characters: characters)
    }

    /// What the locale can show.
    var characters: Characters {
        Characters(locale: ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty })
    }

    /// Columns for texts: COLUMNS, or those of the terminal, or 100.
    var width: Int { wantedWidth ?? columns ?? 100 }

    private var wantedWidth: Int? {
        environment("COLUMNS").flatMap(Int.init).flatMap { (1...10_000).contains($0) ? $0 : nil }
    }

    /// Columns of a list's rows in a pipe or a file: none of its columns is left out.
    private static let unlimited = 1_000_000
}

extension CommandContext {
    /// This process's streams, terminal, environment and clock.
    static var process: CommandContext {
        CommandContext(
            writeBytes: { (bytes) throws(StandardOutput.Failure) in try StandardOutput.write(bytes) },
            writeError: StandardError.write,
            environment: { name in unsafe getenv(name).map { unsafe String(cString: $0) } },
            isOutputTerminal: isatty(STDOUT_FILENO) == 1, isErrorTerminal: isatty(STDERR_FILENO) == 1,
            isInputTerminal: isatty(STDIN_FILENO) == 1, columns: terminalColumns(), sleep: sleepWhole)
    }

    private static func terminalColumns() -> Int? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Interrupted by a signal that does not end us, it sleeps the rest.
    @Sendable private static func sleepWhole(_ seconds: Double) {
        var left = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        while true {
            let wanted = left
            let code = unsafe withUnsafePointer(to: wanted) { unsafe nanosleep($0, &left) }
            if code == 0 || errno != EINTR { return }
        }
    }
}
