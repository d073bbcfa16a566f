import CLibBPF
import CLinuxUAPI
import Glibc
import Logging
import Synchronization

/// Collects what libbpf prints instead of letting it write to stderr.
final class LibBPFLog: Sendable {
    static let shared = LibBPFLog()
    /// By thread: libbpf prints on the thread that called it, and two may load at once.
    private let kept = Mutex<[pthread_t: [String]]>([:])
    /// Every line as it comes: `UNSTUCK_LOG=trace`.
    private let log = Logger(label: "libbpf")
    private static let limit = 60

    private init() {
        unsafe libbpf_set_print { _, format, arguments in
            guard let format = unsafe format, let arguments = unsafe arguments else { return 0 }
            // The verifier's reason is the end of a long text: nothing may be cut off.
            guard let text = unsafe linux_format(format, arguments) else { return 0 }
            LibBPFLog.shared.add(unsafe String(cString: text))
            unsafe free(text)
            return 0
        }
    }

    var lines: [String] { kept.withLock { $0[pthread_self(), default: []] } }

    /// Forgets what was said before.
    func start() { kept.withLock { $0[pthread_self()] = nil } }

    private func add(_ text: String) {
        log.trace("\(text)")
        kept.withLock { kept in
            var lines = kept[pthread_self(), default: []]
            lines += text.split(separator: "\n").map(String.init)
            if lines.count > Self.limit { lines.removeFirst(lines.count - Self.limit) }
            kept[pthread_self()] = lines
        }
    }
}
