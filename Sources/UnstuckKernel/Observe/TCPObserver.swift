import CLibBPF
import CUnstuckABI
import Glibc
import Synchronization
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
        try sockets(inNamespaces: [path])[0].get()
    }

    /// As ``sockets(inNamespace:)``, for several of them, whose results come in the same order. Two threads read: the
    /// kernel goes through all of the machine's sockets for each namespace (`established_get_first`,
    /// net/ipv4/tcp_ipv4.c), and that is most of the time.
    public func sockets(inNamespaces paths: [String?]) throws -> [Result<[TCPSocket], any Error>] {
        let passes = SocketPasses(paths, link: link.link.descriptor, clock: try object.map(".bss").descriptor)
        let isShared = paths.count > 1 && sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1
        let other = isShared ? try RunningThread { passes.run() } : nil
        var results = passes.run()
        if let other { results += try other.wait() }
        results.sort { $0.number < $1.number }
        return results.map { result in result.sockets.map { take($0, result.protos) } }
    }

    /// A pass's sockets, their handlers numbered as in our table.
    private func take(_ sockets: [TCPSocket], _ protos: ProtoTable) -> [TCPSocket] {
        guard let indices = table.merge(protos) else { return sockets }
        var sockets = sockets
        for index in sockets.indices {
            if let there = sockets[index].socket.handlers { sockets[index].socket.handlers = indices[there] }
        }
        return sockets
    }
}

/// Passes over the TCP tables of namespaces; any number of threads may run them, each takes the next one.
private final class SocketPasses: Sendable {
    private let paths: [String?]
    private let link: Int32
    private let clock: Int32
    private let next = Atomic<Int>(0)

    struct Pass: Sendable {
        var number: Int
        var sockets: Result<[TCPSocket], any Error>
        var protos = ProtoTable()
    }

    /// - Parameters: descriptors of the attached iterator and of the map of its clock.
    init(_ paths: [String?], link: Int32, clock: Int32) {
        self.paths = paths
        self.link = link
        self.clock = clock
    }

    /// Runs passes until none is left.
    func run() -> [Pass] {
        var passes: [Pass] = []
        while true {
            let number = next.add(1, ordering: .relaxed).oldValue
            guard number < paths.count else { return passes }
            var protos = ProtoTable()
            let sockets = Result { try read(paths[number], &protos) }
            passes.append(Pass(number: number, sockets: sockets, protos: protos))
        }
    }

    private func read(_ path: String?, _ protos: inout ProtoTable) throws -> [TCPSocket] {
        let iterator = try iterate(path)
        var sockets: [TCPSocket] = []
        var hertz: UInt32?
        try IteratorReader.read(iterator, stride: TCPRecord.size, of: "iter/tcp of \(path ?? "our namespace")") {
            piece in
            // Written before the first record was.
            let rate = hertz ?? JiffyClock.hertz(read: clock)
            hertz = rate
            for offset in stride(from: 0, to: piece.byteCount, by: TCPRecord.size) {
                sockets.append(try TCPRecord.decode(piece, at: offset, hertz: rate, protos: &protos))
            }
        }
        return sockets
    }

    /// The iterator belongs to the namespace of the thread that creates it; it can be read from anywhere.
    private func iterate(_ path: String?) throws -> OwnedDescriptor {
        let link = link
        let create: @Sendable () throws -> Int32 = {
            try syscall("BPF_ITER_CREATE", on: path ?? "our namespace") { bpf_iter_create(link) }
        }
        guard let path else { return OwnedDescriptor(owning: try create()) }
        return OwnedDescriptor(owning: try NamespaceThread.run(in: path, create))
    }
}

extension JiffyClock {
    /// The tick rate by the clocks that our program wrote into a map; 0 if they cannot be read.
    fileprivate static func hertz(read map: Int32) -> UInt32 {
        var key: UInt32 = 0
        var clock = unstuck_clock()
        guard unsafe bpf_map_lookup_elem(map, &key, &clock) == 0 else { return 0 }
        return hertz(jiffies: clock.jiffies, monotonicNanoseconds: clock.monotonic_ns)
    }
}
