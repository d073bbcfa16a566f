import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckFormats
import UnstuckModel

/// Reads one sockmap key by key, for kernels that refuse `iter/sockmap`: user space walks the keys, a program of ours
/// looks each batch of them up.
///
/// A key that is deleted under the walk makes the kernel begin at the first bucket again (`sock_hash_get_next_key`,
/// net/core/sock_map.c): keys that come again are left out.
final class EntryLookup {
    private let object: BPFObject
    private let program: BPFProgramHandle
    private static let batch = UNSTUCK_LOOKUP_MAX

    /// - Parameter descriptor: of the map, which is not kept.
    /// - Throws: `BPFError` if the program cannot be loaded.
    init(keySize: Int, descriptor: Int32) throws {
        object = try BPFObject(embedded: lookupSockmapObject, name: "unstuck_lookup_sockmap")
        try object.setReadOnlyWord(named: "key_size", UInt32(keySize))
        try object.map("target").reuse(descriptor)
        try object.load()
        program = try object.program("look_up_all")
    }

    /// Every entry, each key once.
    ///
    /// - Throws: `BPFError`, `SystemError`, and `ObservationError.stalled` if the walk never comes to its end.
    func entries(of map: borrowing OpenSockmap, protos: inout ProtoTable) throws -> [SockmapEntry] {
        let description = map.description
        let descriptor = map.descriptor.raw
        var distinct = DistinctEntries(expected: min(description.maxEntries, 1 << 16))
        // The kernel writes each key behind the one before, where our program will read it.
        var keys = [UInt8](repeating: 0, count: Self.batch * SockmapKey.longest)
        var last = [UInt8](repeating: 0, count: SockmapKey.longest)
        var steps = 0
        var code: Int32 = 0
        while code == 0 {
            var count = 0
            unsafe keys.withUnsafeMutableBufferPointer { keys in
                while count < Self.batch, let base = keys.baseAddress {
                    let key = unsafe base + count * SockmapKey.longest
                    code =
                        unsafe count > 0
                        ? bpf_map_get_next_key(descriptor, key - SockmapKey.longest, key)
                        : bpf_map_get_next_key(descriptor, steps > 0 ? Optional(last) : nil, key)
                    guard code == 0 else { break }
                    count += 1
                }
            }
            steps += count
            guard steps <= description.maxEntries * 4 + 10_000 else {
                throw ObservationError.stalled(map: description.id)
            }
            guard count > 0 else { break }
            last = Array(keys[(count - 1) * SockmapKey.longest..<count * SockmapKey.longest])
            try look(up: keys, count, into: &distinct, &protos)
        }
        guard code == -ENOENT else {
            throw SystemError("BPF_MAP_GET_NEXT_KEY", "sockmap \(description.id)", errno: -code)
        }
        return distinct.entries
    }

    func handlers(_ table: ProtoTable) throws -> [Handlers] {
        try HandlerNames.resolve(table, in: object.map("protos"))
    }

    /// - Parameter keys: a batch, each of the longest length there is; only the first `count` are looked up.
    private func look(
        up keys: [UInt8], _ count: Int, into distinct: inout DistinctEntries, _ protos: inout ProtoTable
    ) throws {
        try object.map("wanted").setFirst(bytes: keys)
        try object.map(".bss").setFirst(UInt64(count))
        try program.runOnce()
        let stride = MemoryLayout<unstuck_entry>.stride
        var found = [UInt8](repeating: 0, count: Self.batch * stride)
        try object.map("found").readFirst(into: &found)
        let bytes = unsafe found.span.bytes
        for index in 0..<count {
            let entry = try EntryRecord.decode(bytes, at: index * stride, protos: &protos)
            // Nobody sits there any more, or somebody who is being freed.
            if entry.key.count > 0 { distinct.append(entry) }
        }
    }
}
