import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckFormats
import UnstuckModel

/// Walks the kernel's TCP hash tables and its list of network namespaces, without a lock and without a reference: by probe
/// reads, which never fault (bpf/observe/walk_sockets.bpf.c).
final class SocketTableWalk {
    private let object: BPFObject
    private let list: BPFRawRun
    let reader: SocketTableReader

    /// - Parameters:
    ///   - protos: the map that another object's programs keep handlers in.
    ///   - withDetails: records have the sockets' details, too.
    /// - Throws: `BPFError` where the kernel refuses the programs.
    init(sharing protos: BPFMapHandle, withDetails: Bool = false) throws {
        let object = try BPFObject(
            embedded: withDetails ? inspectWalkObject : walkSocketsObject, name: "unstuck_walk")
        try object.map("protos").reuse(protos.descriptor)
        try object.load()
        func array(_ name: String) throws -> BPFArray {
            BPFArray(descriptor: try object.map(name).descriptor, name: name)
        }
        list = BPFRawRun(try object.program("list_nets"))
        reader = SocketTableReader(
            program: BPFRawRun(try object.program("walk_table")), walk: try array(".data.walk"),
            records: try array("records"), addresses: try array("addresses"),
            stride: withDetails ? InspectedRecord.tableSize : TCPRecord.size)
        self.object = object
    }

    /// The network namespaces of the machine, and the tables that hold their sockets.
    struct Namespaces {
        var inodes: Set<UInt32> = []
        var tables: [unstuck_table] = []
        var isPartial = false
        /// Namespaces with a table of connections of their own, which is not walked: it ends with its namespace.
        var isPrivate = 0
    }

    func namespaces() throws -> Namespaces { try Self.namespaces(by: list, in: object) }

    static func namespaces(by list: BPFRawRun, in object: BPFObject) throws -> Namespaces {
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
            if net.is_private != 0 { result.isPrivate += 1 }
            for table in net.is_private == 0 ? [net.connected, net.listening] : [net.listening]
            where heads.insert(table.heads).inserted {
                result.tables.append(table)
            }
        }
        return result
    }

    /// The sockets of these that are still where they were.
    func read(_ missing: [SocketTableReader.Part]) throws -> SocketTableReader.Result {
        let wanted = try object.map("wanted").descriptor
        var result = SocketTableReader.Result()
        for part in missing {
            // As many at a time as the map has room for.
            for start in stride(from: 0, to: part.addresses.count, by: UNSTUCK_WALK_WANTED_MAX) {
                let some = part.addresses[start..<min(start + UNSTUCK_WALK_WANTED_MAX, part.addresses.count)]
                defer {
                    for address in some {
                        var key = address
                        unsafe _ = bpf_map_delete_elem(wanted, &key)
                    }
                }
                for address in some {
                    var (key, value) = (address, UInt8(1))
                    guard unsafe bpf_map_update_elem(wanted, &key, &value, UInt64(BPF_ANY)) == 0 else {
                        throw BPFError("set", "wanted", errno: errno)
                    }
                }
                try reader.read(part.table, part.buckets, mode: UNSTUCK_WALK_WANTED, into: &result)
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
    /// Bytes of a record.
    let stride: Int

    /// What a walk found.
    struct Result: Sendable {
        /// `struct unstuck_tcp`, or `struct unstuck_inspected_tcp`, one after the other.
        var records: [UInt8] = []
        /// The sockets that were not read, by the parts of the tables that they were found in.
        var parts: [Part] = []
        /// Chains that changed under us whenever they were read.
        var torn = 0
        var hertz: UInt32 = 0

        /// With the details of each.
        func inspected(_ protos: inout ProtoTable) throws -> [(TCPSocket, SocketDetails)] {
            let raw = unsafe records.span.bytes
            return try Swift.stride(from: 0, to: records.count, by: InspectedRecord.tableSize).map { offset in
                try InspectedRecord.decodeOfTable(raw, at: offset, hertz: hertz, protos: &protos)
            }
        }

        func sockets(_ protos: inout ProtoTable) throws -> [TCPSocket] {
            var result: [TCPSocket] = []
            result.reserveCapacity(records.count / TCPRecord.size)
            let raw = unsafe records.span.bytes
            for offset in Swift.stride(from: 0, to: records.count, by: TCPRecord.size) {
                result.append(try TCPRecord.decode(raw, at: offset, hertz: hertz, protos: &protos))
            }
            return result
        }

        /// The parts with the addresses that are not known.
        func missing(_ isKnown: (UInt64) -> Bool) -> [Part] {
            parts.compactMap { part in
                let addresses = part.addresses.filter { !isKnown($0) }
                return addresses.isEmpty ? nil : Part(table: part.table, buckets: part.buckets, addresses: addresses)
            }
        }
    }

    /// The buckets of one run, and sockets in them.
    struct Part: Sendable {
        var table: unstuck_table
        var buckets: Range<UInt32>
        var addresses: [UInt64]
    }

    /// Sockets without a `struct socket` as records, all others as addresses.
    ///
    /// - Throws: `BPFError`; `SystemError` ELOOP should a walk not get on.
    func read(_ tables: [unstuck_table]) throws -> Result {
        var result = Result()
        for table in tables { try read(table, 0..<table.count, mode: UNSTUCK_WALK_UNOWNED, into: &result) }
        return result
    }

    /// - Parameter mode: which sockets come as records (`enum unstuck_walk_mode`).
    func read(
        _ table: unstuck_table, _ buckets: Range<UInt32>, mode: unstuck_walk_mode, into result: inout Result
    ) throws {
        var state = unstuck_walk()
        state.table = table
        // The program stops at the table's end: for a part of it that is where the part ends.
        state.table.count = buckets.upperBound
        state.mode = mode.rawValue
        state.next = buckets.lowerBound
        var recordBytes = [UInt8](repeating: 0, count: UNSTUCK_WALK_RECORDS * stride)
        var addressBytes = [UInt8](repeating: 0, count: UNSTUCK_WALK_ADDRESSES * MemoryLayout<UInt64>.size)
        while state.next < buckets.upperBound {
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
                result.records += recordBytes.prefix(Int(state.records) * stride)
            }
            guard state.addresses > 0 else { continue }
            try addresses.readFirst(into: &addressBytes)
            let raw = unsafe addressBytes.span.bytes
            result.parts.append(
                Part(
                    table: table, buckets: start..<state.next,
                    addresses: (0..<Int(state.addresses)).map {
                        // Within the array, whose whole element was read.
                        unsafe raw.unsafeLoad(fromByteOffset: $0 * 8, as: UInt64.self)
                    }))
        }
    }
}
