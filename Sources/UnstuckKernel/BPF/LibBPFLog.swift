import CLibBPF
import CLinuxUAPI
import Logging
import Synchronization

/// Collects what libbpf prints instead of letting it write to stderr.
final class LibBPFLog: Sendable {
    static let shared = LibBPFLog()
    private let kept = Mutex<[String]>([])
    /// Every line as it comes: `UNSTUCK_LOG=trace`.
    private let log = Logger(label: "libbpf")
    private static let limit = 60

    private init() {
        unsafe libbpf_set_print { _, format, arguments in
            guard let format = unsafe format, let arguments = unsafe arguments else { return 0 }
            var buffer = [CChar](repeating: 0, count: 4096)
            let count = unsafe vsnprintf(&buffer, buffer.count, format, arguments)
            let bytes = buffer.prefix(Int(min(max(count, 0), 4095))).map { UInt8(bitPattern: $0) }
            LibBPFLog.shared.add(String(decoding: bytes, as: UTF8.self))
            return count
        }
    }

    var lines: [String] { kept.withLock { $0 } }

    /// Forgets what was said before.
    func start() { kept.withLock { $0.removeAll() } }

    private func add(_ text: String) {
        log.trace("\(text)")
        kept.withLock { lines in
            lines += text.split(separator: "\n").map(String.init)
            if lines.count > Self.limit { lines.removeFirst(lines.count - Self.limit) }
        }
    }
}
