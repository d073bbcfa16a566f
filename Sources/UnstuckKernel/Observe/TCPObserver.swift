import CLibBPF
import CUnstuckABI
import UnstuckFormats
import UnstuckModel

/// Reads the TCP sockets of network namespaces through `iter/tcp`.
public final class TCPObserver {
    private let object: BPFObject
    private let link: LinkBox
    private var table = ProtoTable()

    /// Holds the link where a class may: it is attached once and iterated in each namespace.
    private final class LinkBox {
        let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    public init() throws {
        let loaded = try BPFObject.loaded(
            embedded: observeTCPObject, name: "unstuck_observe_tcp", stem: "observe")
        object = loaded.object
        link = LinkBox(try loaded.program.attachIterator())
    }

    /// The distinct handlers of all sockets so far; `KernelSocket.handlers` is an index into it.
    public func handlers() throws -> [Handlers] {
        try HandlerNames.resolve(table, in: object.map("protos"))
    }

    /// Every TCP socket of the namespace at `path` (`/proc/PID/ns/net`), or of our own.
    public func sockets(inNamespace path: String?) throws -> [TCPSocket] {
        let iterator = try Self.iterate(link: link.link.descriptor, path)
        var raw: [UInt8] = []
        // The clock is written while the pass runs: collect first, decode after.
        try IteratorReader.read(iterator, stride: TCPRecord.size, of: "iter/tcp of \(path ?? "our namespace")") {
            piece in
            unsafe piece.withUnsafeBytes { unsafe raw.append(contentsOf: $0) }
        }
        let hertz = try clock()
        let bytes = unsafe raw.span.bytes
        return try stride(from: 0, to: raw.count, by: TCPRecord.size).map { offset in
            try TCPRecord.decode(bytes, at: offset, hertz: hertz, protos: &table)
        }
    }

    /// The iterator belongs to the namespace of the thread that creates it; it can be read from anywhere.
    private static func iterate(link: Int32, _ path: String?) throws -> OwnedDescriptor {
        let create: @Sendable () throws -> Int32 = {
            try syscall("BPF_ITER_CREATE", on: path ?? "our namespace") { bpf_iter_create(link) }
        }
        guard let path else { return OwnedDescriptor(owning: try create()) }
        return OwnedDescriptor(owning: try NamespaceThread.run(in: path, create))
    }

    private func clock() throws -> UInt32 {
        var key: UInt32 = 0
        var clock = unstuck_clock()
        guard unsafe bpf_map_lookup_elem(try object.map(".bss").descriptor, &key, &clock) == 0 else { return 0 }
        return JiffyClock.hertz(jiffies: clock.jiffies, monotonicNanoseconds: clock.monotonic_ns)
    }
}
