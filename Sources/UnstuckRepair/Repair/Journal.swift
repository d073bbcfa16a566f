import FoundationEssentials
import Glibc
import UnstuckDiagnosis
import UnstuckFormats
import UnstuckKernel
import UnstuckModel

/// What was about to be done and what came of it, one JSON object a line, on the disk before the next step begins.
///
/// One file, and one before it (`….1`): a file that has grown to ``rotatedFrom`` bytes is set aside when the next run
/// opens it, once every step in it has its result.
public final class Journal {
    /// Why a file is not written to.
    public struct Refusal: Error, CustomStringConvertible {
        public var description: String
    }

    /// Bytes from which on a new file is begun.
    public static let rotatedFrom = 16 << 20
    /// Bytes of a file that is still read: `rotatedFrom`, and what a run of 100,000 deletions may add.
    static let longest = 256 << 20

    public let path: String
    /// What earlier runs had intended when they were killed.
    public let unfinished: [UnfinishedSteps.Step]
    /// What is wrong with the file, and was passed over.
    public let damage: [String]
    private let file: OwnedDescriptor
    private let run: String
    private let encoder = JSONEncoder()

    /// Opens or makes the file, and its folder, and reads what earlier runs wrote.
    ///
    /// - Throws: ``Refusal`` for a file that is no journal, `SystemError`.
    public convenience init(path: String) throws { try self.init(path: path, rotatedFrom: Self.rotatedFrom) }

    init(path: String, rotatedFrom limit: Int) throws {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            unsafe _ = mkdir(String(path[..<slash]), 0o750)
        }
        // A link is followed once, here: what is read, set aside and written to is the same file.
        let place = try OutputPlace(path)
        var open = try Self.openFile(path, at: place)
        let earlier = try Earlier(open, path)
        if earlier.size >= limit, earlier.open.isEmpty {
            let (folder, name) = (place.folder.raw, place.name)
            try syscall("rename", on: path) { unsafe renameat(folder, name, folder, name + ".1") }
            open = try Self.openFile(path, at: place)
            file = open
        } else {
            file = open
            let end = earlier.end
            if end < earlier.size {
                // Else the next line would be joined to the torn one.
                let descriptor = file.raw
                try syscall("ftruncate", on: path) { ftruncate(descriptor, off_t(end)) }
            }
        }
        // A new name is on the disk only with its folder, which is read to be synced: the place may only lead to it.
        try Self.sync(place, path)
        self.path = path
        unfinished = earlier.open.steps
        damage = earlier.damage
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        run = "\(getpid())-\(Int(Self.now() * 1000))"
    }

    /// Writes lines and waits until they are on the disk.
    func write(_ lines: [JournalLine]) throws {
        guard !lines.isEmpty else { return }
        var bytes: [UInt8] = []
        for line in lines { bytes += try Array(encoder.encode(line)) + [UInt8(ascii: "\n")] }
        try file.writeAll(bytes)
        try syscall("fdatasync", on: path) { fdatasync(file.raw) }
    }

    // MARK: Lines

    func begin(_ plan: Plan) -> JournalLine {
        var line = line(.begin, .run)
        line.boot = (readText("/proc/sys/kernel/random/boot_id") ?? "").filter { !$0.isWhitespace }
        line.detail = "\(plan.deletions.count) deletions, \(plan.resets.count) resets"
        return line
    }

    func end(_ outcome: String, detail: String) -> JournalLine {
        var line = line(.end, .run)
        line.outcome = outcome
        line.detail = detail
        return line
    }

    func line(_ event: JournalLine.Event, _ deletion: Plan.Deletion, outcome: RepairOutcome? = nil) -> JournalLine {
        var line = line(event, .delete, deletion.entry, outcome)
        line.claim = deletion.claim
        line.state = deletion.state
        line.inode = deletion.holder?.inode
        line.holder = deletion.holder
        line.unread = deletion.unreadBytes
        return line
    }

    /// An entry of a connection that is reset.
    func line(_ event: JournalLine.Event, _ entry: EntryReference, outcome: RepairOutcome? = nil) -> JournalLine {
        line(event, .delete, entry, outcome)
    }

    func line(_ event: JournalLine.Event, _ reset: Plan.Reset, outcome: String? = nil, detail: String? = nil)
        -> JournalLine
    {
        var line = line(event, .reset)
        line.claim = reset.connection
        line.cookie = reset.ends.first?.socket.cookie
        line.inode = reset.ends.first?.inode
        line.outcome = outcome
        line.detail = detail
        return line
    }

    /// - Returns: `nil` for a step that is left open, for the next run to ask again.
    func line(_ step: ResumedStep) -> JournalLine? {
        guard step.verdict != .unknown else { return nil }
        var line = line(.resume, step.step)
        line.of = step.run
        line.map = step.map
        line.key = step.key
        line.claim = step.claim
        line.outcome = step.verdict.rawValue
        line.detail = step.detail
        return line
    }

    private func line(
        _ event: JournalLine.Event, _ step: JournalLine.Step, _ entry: EntryReference, _ outcome: RepairOutcome?
    ) -> JournalLine {
        var line = line(event, step)
        line.map = entry.map
        line.key = entry.key
        line.cookie = entry.socket.cookie
        line.outcome = outcome?.word
        line.detail = outcome?.explanation
        return line
    }

    private func line(_ event: JournalLine.Event, _ step: JournalLine.Step) -> JournalLine {
        JournalLine(time: Self.now(), run: run, event: event, step: step)
    }

    private static func now() -> Double { SystemClock.wall.seconds }

    // MARK: The file

    private static func openFile(
        _ path: String, at place: borrowing OutputPlace
    ) throws -> OwnedDescriptor {
        guard place.kind == .nothing || place.kind == .regular else {
            throw Refusal(description: "\(path) is not a regular file")
        }
        let (folder, name) = (place.folder.raw, place.name)
        // Should a FIFO be there by now, nobody waits for its reader.
        let flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let raw = try syscall("open", on: path) { unsafe openat(folder, name, flags, 0o640) }
        return OwnedDescriptor(owning: raw, named: path)
    }

    private static func sync(_ place: borrowing OutputPlace, _ path: String) throws(SystemError) {
        let from = place.folder.raw
        let raw = try syscall("open", on: "the folder of \(path)") {
            unsafe openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        let folder = OwnedDescriptor(owning: raw)
        try syscall("fsync", on: "the folder of \(path)") { fsync(folder.raw) }
    }

    /// What earlier runs wrote.
    private struct Earlier {
        var size = 0
        /// Where the last whole line ends.
        var end = 0
        var open = UnfinishedSteps()
        var damage: [String] = []

        init(_ file: borrowing OwnedDescriptor, _ path: String) throws {
            var status = stat()
            let raw = file.raw
            try syscall("fstat", on: path) { unsafe fstat(raw, &status) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw Refusal(description: "\(path) is not a regular file")
            }
            guard status.st_size <= Journal.longest else {
                throw Refusal(description: "\(path) is larger than \(Journal.longest) bytes: move it away first")
            }
            let bytes = try file.readAll(sizeHint: 1 << 16)
            size = bytes.count
            end = bytes.count
            var damaged = 0
            var isFirst = true
            for item in JournalReader(bytes) {
                switch item {
                case .line(let line): open.add(line)
                case .damaged(let error):
                    guard !isFirst else {
                        throw Refusal(description: "\(path) is no journal (\(error)): name another with --journal")
                    }
                    damaged += 1
                    if damaged == 1 { damage.append("the journal is damaged: \(error)") }
                case .torn(let start):
                    end = start
                    // A first write that was cut short; anything else is another's file, and is not cut.
                    guard !isFirst || bytes.starts(with: "{\"boot\":".utf8) else {
                        throw Refusal(description: "\(path) is no journal: name another with --journal")
                    }
                    damage.append("the journal's last line was torn by a kill or a crash; it was cut off")
                }
                isFirst = false
            }
            if damaged > 1 { damage.append("\(damaged) lines of the journal are damaged, and were passed over") }
        }
    }
}
