import FoundationEssentials
import Glibc
import UnstuckKernel
import UnstuckModel

/// What was about to be done and what came of it, one JSON object a line, on the disk before the next step begins.
public final class Journal {
    /// One line.
    struct Line: Encodable {
        var time: Double
        var run: String
        /// `begin`, `intend`, `result`, `end`.
        var event: String
        var step: String
        var map: UInt32?
        var key: SockmapKey?
        var claim: FourTuple?
        var state: EntryState?
        var cookie: UInt64?
        var holder: SocketOwner?
        var unread: UInt32?
        var outcome: String?
        var detail: String?
    }

    public let path: String
    private let file: OwnedDescriptor
    private let run: String
    private let encoder = JSONEncoder()

    /// Opens or makes the file, and its folder.
    public init(path: String) throws {
        self.path = path
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            unsafe _ = mkdir(String(path[..<slash]), 0o750)
        }
        file = try OwnedDescriptor(path: path, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o640)
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        run = "\(getpid())-\(Int(Self.now()))"
    }

    /// Writes lines and waits until they are on the disk.
    func write(_ lines: [Line]) throws {
        guard !lines.isEmpty else { return }
        var bytes: [UInt8] = []
        for line in lines { bytes += try Array(encoder.encode(line)) + [UInt8(ascii: "\n")] }
        try file.writeAll(bytes)
        try syscall("fdatasync", on: path) { fdatasync(file.raw) }
    }

    func line(_ event: String, _ step: String, outcome: String? = nil, detail: String? = nil) -> Line {
        Line(time: Self.now(), run: run, event: event, step: step, outcome: outcome, detail: detail)
    }

    func line(_ event: String, _ deletion: Plan.Deletion, outcome: RepairOutcome? = nil) -> Line {
        Line(
            time: Self.now(), run: run, event: event, step: "delete", map: deletion.entry.map,
            key: deletion.entry.key, claim: deletion.claim, state: deletion.state,
            cookie: deletion.entry.resident.cookie, holder: deletion.holder, unread: deletion.unreadBytes,
            outcome: outcome?.word, detail: outcome?.explanation)
    }

    /// An entry of a connection that was reset.
    func line(_ event: String, _ entry: EntryReference, outcome: RepairOutcome) -> Line {
        Line(
            time: Self.now(), run: run, event: event, step: "delete", map: entry.map, key: entry.key,
            cookie: entry.resident.cookie, outcome: outcome.word, detail: outcome.explanation)
    }

    private static func now() -> Double { Date().timeIntervalSince1970 }
}
