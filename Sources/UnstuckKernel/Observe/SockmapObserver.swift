import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckFormats
import UnstuckModel

/// Reads every entry of sockmaps through `iter/sockmap`. One observer serves any number of maps and passes: the
/// program is loaded once for each key size.
public final class SockmapObserver {
    private var programs: [Int: Loaded] = [:]
    private var table = ProtoTable()

    private struct Loaded {
        var object: BPFObject
        var program: BPFProgramHandle
    }

    public init() {}

    /// The distinct handlers of all residents so far; `KernelSocket.handlers` is an index into it.
    public func handlers() throws -> [Handlers] {
        // Every loaded variant has a table of its own: ask each, the first that knows a proto names it.
        var result = table.addresses.map { _ in
            Handlers(recvmsg: nil, sendmsg: nil, close: nil, destroy: nil, unhash: nil)
        }
        for loaded in programs.values {
            let names = try HandlerNames.resolve(table, in: loaded.object.map("protos"))
            for (index, handlers) in names.enumerated() where result[index].recvmsg == nil {
                result[index] = handlers
            }
        }
        return result
    }

    /// All entries of a map, each once. The kernel's iterator shows entries of a bucket again when it resumes there
    /// (`sock_hash_seq_start`, net/core/sock_map.c); repeats of a key are left out.
    ///
    /// - Throws: `BPFError` if the program cannot be loaded or attached, `SystemError` if reading fails, and
    ///   `ObservationError.keyTooLong`.
    public func entries(of map: borrowing OpenSockmap) throws -> [SockmapEntry] {
        let description = map.description
        guard description.keySize <= EntryRecord.longestKey else {
            throw ObservationError.keyTooLong(map: description.id, size: description.keySize)
        }
        let loaded = try load(keySize: description.keySize)
        let link = try loaded.program.attachIterator(map: map.descriptor.raw)
        let iterator = try link.iterate()
        let stride = EntryRecord.size(keySize: description.keySize)
        var result = DistinctEntries(expected: min(description.maxEntries, 1 << 16))
        var protos = table
        defer { table = protos }
        try IteratorReader.read(iterator, stride: stride, of: "sockmap \(description.id)") { piece in
            for offset in Swift.stride(from: 0, to: piece.byteCount, by: stride) {
                result.append(try EntryRecord.decode(piece, at: offset, protos: &protos))
            }
        }
        return result.entries
    }

    private func load(keySize: Int) throws -> Loaded {
        if let loaded = programs[keySize] { return loaded }
        let loaded: Loaded
        do {
            loaded = try load(keySize: keySize, program: "observe_with_cookie")
        } catch {
            // 5.10 has no bpf_get_socket_cookie in tracing. If the other fails too, its error is the one that counts.
            loaded = try load(keySize: keySize, program: "observe_plain")
        }
        programs[keySize] = loaded
        return loaded
    }

    private func load(keySize: Int, program: String) throws -> Loaded {
        let object = try BPFObject(embedded: observeSockmapObject, name: "unstuck_observe_sockmap")
        for name in ["observe_with_cookie", "observe_plain"] {
            try object.program(name).setAutoload(name == program)
        }
        try object.setReadOnlyWord(named: "key_size", UInt32(keySize))
        try object.load()
        return Loaded(object: object, program: try object.program(program))
    }
}

/// What an observer cannot read.
public enum ObservationError: Error, Sendable, CustomStringConvertible {
    case keyTooLong(map: UInt32, size: Int)

    public var description: String {
        switch self {
        case .keyTooLong(let map, let size):
            "sockmap \(map) has \(size)-byte keys, and at most \(EntryRecord.longestKey) bytes are read"
        }
    }
}
