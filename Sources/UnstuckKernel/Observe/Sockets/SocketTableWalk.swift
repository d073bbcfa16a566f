import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckFormats
import UnstuckModel

/// Walks the kernel's TCP hash tables and its list of network namespaces, without a lock and without a reference: by probe
/// reads, which never fault (bpf/walk_sockets.bpf.c).
final class SocketTableWalk {
    private let object: BPFObject
    private let list: BPFRawRun
    let reader: SocketTableReader

    /// - Parameter protos: the map that another object's programs keep handlers in.
    /// - Throws: `BPFError` where the kernel refuses the programs.
    init(sharing protos: BPFMapHandle) throws {
        let object = try BPFObject(embedded: walkSocketsObject, name: "unstuck_walk")
        try object.map("protos").reuse(protos.descriptor)
        try object.load()
        func array(_ name: String) throws -> BPFArray {
            BPFArray(descriptor: try object.map(name).descriptor, name: name)
        }
        list = BPFRawRun(try object.program("list_nets"))
        reader = SocketTableReader(
            program: BPFRawRun(try object.program("walk_table")), walk: try array(".data.walk"),
            records: try array("records"), addresses: try array("addresses"))
        self.object = object
    }

    /// The network namespaces of the machine, and the tables that hold their sockets.
    struct Namespaces {
        var inodes: Set<UInt32> = []
        var tables: [unstuck_table] = []
        var isPartial = false
    }

    func namespaces() throws -> Namespaces {
        try list.run()
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<unstuck_nets>.size)
        try object.map(".data.nets").readFirst(into: &bytes)
        let raw = unsafe bytes.span.bytes
        var result = Namespaces()
        var heads = Set<UInt64>()
        // The two words before the list of namespaces, then `count` of them; the array has room for all.
        let count = unsafe raw.unsafeLoad(fromByteOffset: 0, as: UInt32.self)
        result.isPartial = unsafe raw.unsafeLoad(fromByteOffset: 4, as: UInt32.self) != 0
        for index in 0..<min(Int(count), UNSTUCK_NETS_MAX) {
            let offset = 8 + index * MemoryLayout<unstuck_net>.stride
            let net = unsafe raw.unsafeLoadUnaligned(fromByteOffset: offset, as: unstuck_net.self)
            result.inodes.insert(net.inode)
            for table in [net.connected, net.listening] where heads.insert(table.heads).inserted {
                result.tables.append(table)
            }
        }
        return result
    }

    /// The sockets at these addresses that are still in a table.
    func read(_ addresses: [UInt64], in tables: [unstuck_table]) throws -> SocketTableReader.Result {
        let wanted = try object.map("wanted").descriptor
        var result = SocketTableReader.Result()
        // As many at a time as the map has room for.
        for start in stride(from: 0, to: addresses.count, by: UNSTUCK_WALK_WANTED_MAX) {
            let some = addresses[start..<min(start + UNSTUCK_WALK_WANTED_MAX, addresses.count)]
            for address in some {
                var (key, value) = (address, UInt8(1))
                guard unsafe bpf_map_update_elem(wanted, &key, &value, UInt64(BPF_ANY)) == 0 else {
                    throw BPFError("set", "wanted", errno: errno)
                }
            }
            result += try reader.read(tables, mode: UNSTUCK_WALK_WANTED)
            for address in some {
                var key = address
                unsafe _ = bpf_map_delete_elem(wanted, &key)
            }
        }
        return result
    }
}

/// Reads whole hash tables, part by part; one thread at a time may do so.
struct SocketTableReader: Sendable {
    let program: BPFRawRun
    let walk: BPFArray
    let records: BPFArray
    let addresses: BPFArray

    /// What a walk found.
    struct Result: Sendable {
        /// `struct unstuck_tcp`, one after the other.
        var records: [UInt8] = []
        /// Of the sockets that were not read.
        var addresses: [UInt64] = []
        /// Chains that changed under us whenever they were read.
        var torn = 0
        var hertz: UInt32 = 0

        static func += (left: inout Result, right: Result) {
            left.records += right.records
            left.addresses += right.addresses
            left.torn += right.torn
            left.hertz = right.hertz
        }

        func sockets(_ protos: inout ProtoTable) throws -> [TCPSocket] {
            var result: [TCPSocket] = []
            result.reserveCapacity(records.count / TCPRecord.size)
            let raw = unsafe records.span.bytes
            for offset in stride(from: 0, to: records.count, by: TCPRecord.size) {
                result.append(try TCPRecord.decode(raw, at: offset, hertz: hertz, protos: &protos))
            }
            return result
        }
    }

    /// - Parameter mode: which sockets come as records (`enum unstuck_walk_mode`).
    /// - Throws: `BPFError`; `SystemError` ELOOP should a walk not get on.
    func read(_ tables: [unstuck_table], mode: unstuck_walk_mode = UNSTUCK_WALK_UNOWNED) throws -> Result {
        var result = Result()
        var recordBytes = [UInt8](repeating: 0, count: UNSTUCK_WALK_RECORDS * TCPRecord.size)
        var addressBytes = [UInt8](repeating: 0, count: UNSTUCK_WALK_ADDRESSES * MemoryLayout<UInt64>.size)
        for table in tables {
            var state = unstuck_walk()
            state.table = table
            state.mode = mode.rawValue
            while state.next < table.count {
                let start = state.next
                state.torn = 0
                try walk.setFirst(state)
                try program.run()
                state = try walk.first(state)
                // A run that neither moves nor finds would never end.
                guard state.next > start else { throw SystemError("walk", "the TCP hash table", errno: ELOOP) }
                result.torn += Int(state.torn)
                if result.hertz == 0 {
                    result.hertz = JiffyClock.hertz(jiffies: state.jiffies, monotonicNanoseconds: state.monotonic_ns)
                }
                if state.records > 0 {
                    try records.readFirst(into: &recordBytes)
                    result.records += recordBytes.prefix(Int(state.records) * TCPRecord.size)
                }
                guard state.addresses > 0 else { continue }
                try addresses.readFirst(into: &addressBytes)
                let raw = unsafe addressBytes.span.bytes
                for index in 0..<Int(state.addresses) {
                    // Within the array, whose whole element was read.
                    result.addresses.append(unsafe raw.unsafeLoad(fromByteOffset: index * 8, as: UInt64.self))
                }
            }
        }
        return result
    }
}
