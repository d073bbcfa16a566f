import Glibc
import UnstuckFormats
import UnstuckKernel
import UnstuckModel

extension OperationError.Code {
    /// Neither a kubelet's log, nor journald's of one, nor events.
    public static let notAKubeletLog = Self(rawValue: "not-a-kubelet-log")
}

/// A kubelet's log in a file, on standard input, or in lines that were pasted.
public enum KubeletLogFile {
    /// Reads it piece by piece, however long it is.
    ///
    /// - Parameter path: ``BundleFile/standardInput`` is standard input.
    public static func read(_ path: String) throws(OperationError) -> KubeletLog {
        let name = path == BundleFile.standardInput ? "standard input" : safeText(path)
        var reader = KubeletLogReader()
        var isPacked = false
        do {
            let file =
                try path == BundleFile.standardInput
                ? OwnedDescriptor(owning: STDIN_FILENO, named: name) : OwnedDescriptor(path: path)
            try file.forEachChunk { chunk in
                if reader.log.bytes == 0, Gunzip.isPacked(chunk) { isPacked = true }
                if !isPacked { reader.add(chunk) }
            }
        } catch {
            let reason = (error as? SystemError)?.reason ?? "\(error)"
            throw OperationError(.unreadableFile, "cannot read \(name): \(reason)", cause: error)
        }
        guard !isPacked else {
            throw OperationError(
                .notAKubeletLog, "\(name) is packed: zcat FILE | unstuck diagnose --kubelet-log -")
        }
        return try checked(reader.finish(), name)
    }

    /// Reads lines that were given as words of a command.
    public static func read(lines: [String]) throws(OperationError) -> KubeletLog {
        let log = KubeletLogReader.read(lines.joined(separator: "\n").utf8)
        guard log.failures > 0 else {
            throw OperationError(
                .notAKubeletLog, "no failed probe is in \(pluralized(log.lines, "line")) that was given")
        }
        return log
    }

    private static func checked(_ log: KubeletLog, _ name: String) throws(OperationError) -> KubeletLog {
        guard log.lines > 0 else { throw OperationError(.notAKubeletLog, "\(name) is empty") }
        guard log.recognized > 0 || log.failures > 0 else {
            throw OperationError(
                .notAKubeletLog,
                "\(name): none of \(pluralized(log.lines, "line")) is one of kubelet's log, of journalctl, or of kubectl"
            )
        }
        return log
    }
}
