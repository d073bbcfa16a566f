import Glibc
import UnstuckRender

/// What stdout can show.
enum Terminal {
    static let characters = Characters(
        locale: ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty })

    /// Columns: COLUMNS, or those of the terminal, or 100.
    static let width: Int = {
        if let columns = environment("COLUMNS").flatMap(Int.init), (1...10_000).contains(columns) { return columns }
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
        else { return 100 }
        return Int(size.ws_col)
    }()
}
