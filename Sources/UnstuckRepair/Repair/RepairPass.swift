import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckFormats
import UnstuckKernel
import UnstuckModel

/// Deletes checked entries of one map inside `iter/sockmap` passes: each is checked again just before, and verified just
/// after, by the kernel side (`bpf/repair/repair.bpf.c`), which is loaded once. After a race it deletes nothing any more. Where the
/// kernel refuses that iterator, the checked keys are looked up and dealt with one by one (`bpf/repair/repair_lookup.bpf.c`).
final class RepairPass {
    /// An entry that may be deleted, and what it was when it was checked.
    struct Checked {
        var key: SockmapKey
        var socket: SocketIdentity
        var allowUnread: Bool
    }

    /// What became of one entry.
    struct Report {
        var key: SockmapKey
        var outcome: RepairOutcome
        /// Unread bytes in the socket's queue at that moment.
        var unreadBytes: UInt32
        /// Nobody can ever read them.
        var isLeaked = false
    }

    /// What is refused where neither way to delete is left.
    private static let lookupRun =
        "unstuck_repair_lookup, an sk_lookup program, by BPF_PROG_TEST_RUN (iter/sockmap is refused as well)"

    private let map: OpenSockmap
    private let isForFew: Bool
    private var loaded: KernelSide?

    /// The program, and how it comes to the entries.
    private struct KernelSide {
        var object: BPFObject
        var program: BPFProgramHandle
        var looksUp: Bool
    }

    /// - Parameters:
    ///   - map: a SOCKHASH; others are refused by ``run(_:)``.
    ///   - isForFew: passes will mostly be over few entries, so each is better looked up than met on the way through all.
    init(map: consuming OpenSockmap, isForFew: Bool = false) {
        self.map = map
        self.isForFew = isForFew
    }

    /// Whether keys are looked up, rather than met by an iterator; `nil`: nothing was loaded yet.
    var looksUp: Bool? { loaded?.looksUp }

    /// One pass over at most `UNSTUCK_CHECKED_MAX` entries. Entries that the pass did not meet are gone, and are
    /// reported so. Reports come in the order of `entries`.
    ///
    /// - Throws: `BPFError` if the program cannot be loaded or attached; nothing was deleted then.
    func run(_ entries: [Checked]) throws -> [Report] {
        guard map.description.kind == .sockhash, entries.count <= UNSTUCK_CHECKED_MAX else {
            throw SystemError("repair", "sockmap \(map.description.id)", errno: EINVAL)
        }
        let kernelSide = try load()
        let checked = try kernelSide.object.map("checked").descriptor
        // The next pass is checked anew, also if this one fails half-way.
        defer { for entry in entries { Self.remove(entry, from: checked) } }
        for entry in entries { try Self.insert(entry, into: checked) }
        var reports: [[UInt8]: Report] = [:]
        try read(kernelSide, entries) { piece in
            for offset in stride(from: 0, to: piece.byteCount, by: MemoryLayout<unstuck_repair>.size) {
                let report = try RepairRecord.decode(piece, at: offset)
                reports[report.key.bytes] = report
            }
        }
        return entries.map { entry in
            reports[entry.key.bytes] ?? Report(key: entry.key, outcome: .gone, unreadBytes: 0)
        }
    }

    /// Hands out the records that the kernel side writes about the checked entries.
    private func read(
        _ kernelSide: KernelSide, _ entries: [Checked], _ body: (RawSpan) throws -> Void
    ) throws {
        let size = MemoryLayout<unstuck_repair>.size
        guard kernelSide.looksUp else {
            let link = try kernelSide.program.attachIterator(map: map.descriptor.raw)
            return try IteratorReader.read(
                try link.iterate(), stride: size, of: "sockmap \(map.description.id)", body)
        }
        let object = kernelSide.object
        var wanted = entries.flatMap { Self.padded($0.key) }
        wanted += Array(repeating: 0, count: UNSTUCK_CHECKED_MAX * EntryRecord.longestKey - wanted.count)
        try object.map("wanted").setFirst(bytes: wanted)
        try object.map(".data.count").setFirst(UInt64(entries.count))
        try kernelSide.program.runOnceAsLookup()
        var reports = [UInt8](repeating: 0, count: UNSTUCK_CHECKED_MAX * size)
        try object.map("reports").readFirst(into: &reports)
        try unsafe body(reports.span.extracting(..<(entries.count * size)).bytes)
    }

    private func load() throws -> KernelSide {
        if let loaded { return loaded }
        let prepare = { (object: BPFObject) in
            try object.setReadOnlyWord(named: "key_size", UInt32(self.map.description.keySize))
            try object.map("target").reuse(self.map.descriptor.raw)
        }
        let lookingUp = {
            let object = try BPFObject(embedded: repairLookupObject, name: "unstuck_repair_lookup")
            try prepare(object)
            try object.setReadOnlyWord(named: "target_id", self.map.description.id)
            try object.load()
            let program = try object.program("repair_all")
            do {
                try program.runOnceAsLookup()  // nothing is asked for yet: it finds out whether this kernel runs it
            } catch let error as BPFError {
                throw BPFError("run", Self.lookupRun, errno: error.errno, needs: error.needs)
            }
            return KernelSide(object: object, program: program, looksUp: true)
        }
        if isForFew, let fresh = try? lookingUp() {
            loaded = fresh
            return fresh
        }
        let fresh = try MapIterators.load(
            {
                let (object, program) = try BPFObject.loaded(
                    embedded: repairObject, name: "unstuck_repair", stem: "repair", prepare: prepare)
                return KernelSide(object: object, program: program, looksUp: false)
            }, orLookingUp: lookingUp)
        loaded = fresh
        return fresh
    }

    private static func padded(_ key: SockmapKey) -> [UInt8] {
        key.bytes + Array(repeating: 0, count: EntryRecord.longestKey - key.bytes.count)
    }

    private static func remove(_ entry: Checked, from map: Int32) {
        try? MapElements(map).remove(padded(entry.key))
    }

    private static func insert(_ entry: Checked, into map: Int32) throws {
        let value = unstuck_checked(
            address: entry.socket.address, cookie: entry.socket.cookie, allow_unread: entry.allowUnread ? 1 : 0,
            reserved: 0)
        do {
            try MapElements(map).set(padded(entry.key), to: value)
        } catch {
            throw SystemError(
                "BPF_MAP_UPDATE_ELEM", "the list of checked entries", errno: error.errno, needs: [.bpf])
        }
    }
}

/// `struct unstuck_repair` -> a report.
enum RepairRecord {
    static func decode(_ bytes: RawSpan, at offset: Int) throws(RecordError) -> RepairPass.Report {
        let size = MemoryLayout<unstuck_repair>.size
        guard bytes.byteCount - offset >= size else {
            throw .truncated(needed: size, got: bytes.byteCount - offset)
        }
        // The length was just checked, and any bit pattern is a valid unstuck_repair.
        let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: unstuck_repair.self)
        let count = Int(raw.key_size)
        guard count <= EntryRecord.longestKey else { throw .badKeySize(count) }
        let start = offset + (MemoryLayout<unstuck_repair>.offset(of: \.key) ?? 0)
        let key = (start..<start + count).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        return RepairPass.Report(
            key: SockmapKey(key), outcome: RepairOutcome(raw.outcome, error: Int32(raw.error)),
            unreadBytes: raw.socket.queued_bytes,
            isLeaked: unstuck_liveness(raw.socket.state, raw.socket.flags)
                == UNSTUCK_SOCKET_LEAKED.rawValue)
    }
}
