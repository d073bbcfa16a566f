import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckFormats
import UnstuckModel

/// Reads one sockmap key by key, for kernels that refuse `iter/sockmap`: user space walks the keys, a program of ours
/// looks each batch of them up.
final class EntryLookup {
    private let object: BPFObject
    private let program: BPFTestRun

    /// - Parameter descriptor: of the map, which the loaded program keeps alive.
    /// - Throws: `BPFError` if the program cannot be loaded.
    init(keySize: Int, descriptor: Int32) throws {
        object = try BPFObject(embedded: lookupSockmapObject, name: "unstuck_lookup_sockmap")
        try object.setReadOnlyWord(named: "key_size", UInt32(keySize))
        try object.map("target").reuse(descriptor)
        try object.load()
        let program = try object.program("look_up_all")
        self.program = BPFTestRun(descriptor: program.descriptor, name: program.name)
    }

    /// Every entry, each key once, in the parts in which threads read them.
    ///
    /// - Throws: `BPFError`, `SystemError`, and `ObservationError.stalled` if the walk never comes to its end.
    func parts(of map: borrowing OpenSockmap, isShared: Bool) throws -> [EntryPass.Result] {
        let cursor = KeyCursor(over: map.description, descriptor: map.descriptor.raw)
        let (wanted, found) = (try object.map("wanted").descriptor, try object.map("found").descriptor)
        let (program, room) = (program, min(map.description.maxEntries, 1 << 16))
        func pass(_ slot: UInt32, _ expected: Int) -> LookupPass {
            LookupPass(cursor: cursor, program: program, wanted: wanted, found: found, slot: slot, expected: expected)
        }
        guard isShared else { return [try pass(0, room).read()] }
        let second = pass(1, room / 2)
        let other = try JoinableThread { try second.read() }
        let half = try pass(0, room / 2).read()
        var rest = try other.wait()
        // A walk that began again gives a key to the one and to the other.
        let known = HashIndex(count: half.entries.count) { half.entries[$0].key.quickHash }
        rest.entries.removeAll { entry in
            known.first(entry.key.quickHash) { half.entries[$0].key == entry.key } != nil
        }
        return [half, rest]
    }

    func handlers(_ table: ProtoTable) throws -> [Handlers] {
        try HandlerNames.resolve(table, in: object.map("protos"))
    }
}

/// One thread's part of the work: batches of keys, as long as there are any.
private struct LookupPass: Sendable {
    private static let batch = UNSTUCK_LOOKUP_MAX
    private static let keysOffset = MemoryLayout<UInt64>.size  // struct wanted_keys: how many, then the keys

    let cursor: KeyCursor
    let program: BPFTestRun
    /// Descriptors of the arrays of `struct wanted_keys` and `struct found_entries`, of which ours is number `slot`.
    let wanted: Int32
    let found: Int32
    let slot: UInt32
    let expected: Int

    func read() throws -> EntryPass.Result {
        var distinct = DistinctEntries(expected: expected)
        var protos = ProtoTable()
        var keys = [UInt8](repeating: 0, count: Self.keysOffset + Self.batch * SockmapKey.longest)
        let stride = MemoryLayout<unstuck_entry>.stride
        var records = [UInt8](repeating: 0, count: Self.batch * stride)
        var slot = slot
        while true {
            let count = try cursor.next(Self.batch, into: &keys, at: Self.keysOffset)
            guard count > 0 else { return EntryPass.Result(entries: distinct.entries, protos: protos) }
            unsafe withUnsafeBytes(of: UInt64(count)) { unsafe keys.replaceSubrange(..<Self.keysOffset, with: $0) }
            guard unsafe bpf_map_update_elem(wanted, &slot, keys, UInt64(BPF_ANY)) == 0 else {
                throw BPFError("set", "wanted", errno: errno)
            }
            try program.run(slot: UInt8(slot))
            guard unsafe bpf_map_lookup_elem(found, &slot, &records) == 0 else {
                throw BPFError("read", "found", errno: errno)
            }
            let bytes = unsafe records.span.bytes
            for index in 0..<count {
                let entry = try EntryRecord.decode(bytes, at: index * stride, protos: &protos)
                // Nobody sits there any more, or one that is being freed.
                if entry.key.count > 0 { distinct.append(entry) }
            }
        }
    }
}
