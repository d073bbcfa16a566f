import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckFormats
import UnstuckModel

/// Reads every entry of sockmaps through `iter/sockmap`; where the kernel refuses that, key by key. One observer serves any
/// number of maps and passes: the program is loaded once for each key size, the one that looks keys up once for each map.
public final class SockmapObserver {
    private var programs: [Int: Loaded] = [:]
    private var lookups: [UInt32: EntryLookup] = [:]
    private var table = ProtoTable()

    private struct Loaded {
        var object: BPFObject
        var program: BPFProgramHandle
    }

    public init() {}

    /// Lets go of the maps that were looked up: a loaded program keeps its map alive, and its owner may want it to end.
    public func letGo() { lookups = [:] }

    /// The distinct handlers of all sockets so far; `KernelSocket.handlers` is an index into it.
    public func handlers() throws -> [Handlers] {
        // Every loaded variant has a table of its own: ask each, the first that knows a proto names it.
        var result = table.addresses.map { _ in
            Handlers(recvmsg: nil, sendmsg: nil, close: nil, destroy: nil, unhash: nil)
        }
        let named =
            try programs.values.map { try HandlerNames.resolve(table, in: $0.object.map("protos")) }
            + lookups.values.map { try $0.handlers(table) }
        for names in named {
            for (index, handlers) in names.enumerated() where result[index].recvmsg == nil {
                result[index] = handlers
            }
        }
        return result
    }

    /// All entries of a map, each once.
    ///
    /// - Throws: as ``parts(of:)``.
    public func entries(of map: borrowing OpenSockmap) throws -> [SockmapEntry] {
        let parts = try parts(of: map)
        return parts.count == 1 ? parts[0] : Array(parts.joined())
    }

    /// All entries of a map, each once, in the parts in which they were read: a map with room for many is read by two
    /// threads. What else is done with each of them may share the work along the same line.
    ///
    /// - Throws: `BPFError` if the program cannot be loaded or attached, `SystemError` if reading fails, and
    ///   `ObservationError`.
    public func parts(of map: borrowing OpenSockmap) throws -> [[SockmapEntry]] {
        let description = map.description
        guard description.keySize <= EntryRecord.longestKey else {
            throw ObservationError.keyTooLong(map: description.id, size: description.keySize)
        }
        let isShared =
            description.maxEntries >= Self.worthSharing && description.keySize >= 4
            && sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1
        guard let loaded = try load(for: map) else {
            return try lookups[description.id]?.parts(of: map, isShared: isShared).map { decode($0) } ?? []
        }
        let link = try loaded.program.attachIterator(map: map.descriptor.raw)
        let variables = try loaded.object.map(".bss")
        try variables.setFirst(isShared ? UNSTUCK_SHARE : 0)
        let first = EntryPass(try link.iterate(), over: description, isHalf: isShared)
        guard isShared else { return [decode(try first.read())] }

        // The program gives the first half to this iterator because it runs before there is another.
        try first.begin()
        guard try variables.first() != UNSTUCK_SHARE else {
            // A kernel that runs nothing for a read without room: this iterator has it all.
            try variables.setFirst(0)
            return [decode(try first.read())]
        }
        let second = EntryPass(try link.iterate(), over: description, isHalf: true)
        let other = try JoinableThread { try second.read() }
        let half = try first.read()
        return [decode(half), decode(try other.wait())]
    }

    /// Room in a map from which on two threads read it.
    private static let worthSharing = 4096

    /// A pass's entries, their handlers numbered as in our table.
    private func decode(_ pass: EntryPass.Result) -> [SockmapEntry] {
        guard let indices = table.merge(pass.protos) else { return pass.entries }
        var entries = pass.entries
        for index in entries.indices {
            if let there = entries[index].socket.handlers { entries[index].socket.handlers = indices[there] }
        }
        return entries
    }

    /// - Returns: `nil` where the map's entries are looked up instead, by its member of `lookups`.
    private func load(for map: borrowing OpenSockmap) throws -> Loaded? {
        let (keySize, id, descriptor) = (map.description.keySize, map.description.id, map.descriptor.raw)
        if let loaded = programs[keySize] { return loaded }
        guard lookups[id] == nil else { return nil }
        try MapIterators.load {
            let (object, program) = try BPFObject.loaded(
                embedded: observeSockmapObject, name: "unstuck_observe_sockmap", stem: "observe"
            ) { try $0.setReadOnlyWord(named: "key_size", UInt32(keySize)) }
            programs[keySize] = Loaded(object: object, program: program)
        } orLookingUp: {
            lookups[id] = try EntryLookup(keySize: keySize, descriptor: descriptor)
        }
        return programs[keySize]
    }
}

/// What an observer cannot read.
public enum ObservationError: Error, Sendable, CustomStringConvertible {
    case keyTooLong(map: UInt32, size: Int)
    /// The kernel showed the same entries again and again: more of them share a bucket than one read holds.
    case stalled(map: UInt32)
    /// Without the iterator, an array with values of four bytes shows nothing.
    case hidden(map: UInt32)

    /// It is in the iterator's way alone.
    var isOfIterator: Bool { if case .stalled = self { true } else { false } }

    public var description: String {
        switch self {
        case .keyTooLong(let map, let size):
            "sockmap \(map) has \(size)-byte keys, and at most \(EntryRecord.longestKey) bytes are read"
        case .stalled(let map):
            "sockmap \(map) has more entries in one bucket than the kernel shows in one read: its pass never ends"
        case .hidden(let map):
            "sockmap \(map) is an array whose values cannot be looked up: only the iterator shows its sockets"
        }
    }
}
