import CUnstuckABI
import UnstuckFormats
import UnstuckModel

/// Reads the TCP sockets of all network namespaces at once, without a lock of a socket: those that processes hold through
/// `iter/task_file`, all others through the kernel's hash tables (``SocketTableWalk``).
///
/// Not through `iter/tcp`, which corrupts the memory of many kernels (docs/kernel-use.md).
public final class SocketObserver {
    private let object: BPFObject
    private let link: LinkBox
    private let walk: SocketTableWalk
    private var table = ProtoTable()
    /// Of the last pass.
    private var held: [HeldDescriptor] = []
    /// Whether the details of sockets are read, too.
    private let readsDetails: Bool

    /// Holds the link where a class may: it is attached once and iterated in each pass.
    private final class LinkBox {
        let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    /// What one pass saw.
    public struct Pass {
        public var sockets: [TCPSocket] = []
        /// Of each socket, in the same order; none where they are not read.
        public var details: [SocketDetails] = []
        /// Inode numbers of all network namespaces of the machine, by the kernel's own list.
        public var namespaces: Set<UInt32> = []
        /// The list was longer than is read, or changed under us.
        public var isPartialList = false
        /// Chains of a hash table that changed under us whenever they were read: sockets may be missing.
        public var tornChains = 0
        /// Namespaces whose connections are in a hash table of their own (`tcp_child_ehash_entries`), which is not walked.
        public var privateTables = 0
        /// Sockets that are not held by any process that we can see, though they have a `struct socket`.
        public var unowned = 0

        /// Sockets of each namespace that the kernel counts as in use.
        public var counts: [UInt32: Int] {
            var result: [UInt32: Int] = [:]
            // Most sockets have their neighbour's namespace.
            var (last, count): (UInt32, Int) = (0, 0)
            for socket in sockets where socket.socket.state != .timeWait && socket.socket.state != .newSynReceived {
                if socket.socket.netns != last {
                    result[last, default: 0] += count
                    (last, count) = (socket.socket.netns, 0)
                }
                count += 1
            }
            result[last, default: 0] += count
            return result
        }

        /// What the pass could not see.
        var missingEvidence: [MissingEvidence] {
            var result: [MissingEvidence] = []
            if isPartialList {
                result.append(
                    MissingEvidence(
                        .namespaces, action: "list every network namespace",
                        .failed("there are more than \(UNSTUCK_NETS_MAX), or they changed meanwhile")))
            }
            if privateTables > 0 {
                result.append(
                    MissingEvidence(
                        .sockets,
                        action:
                            "read the sockets that no process holds in \(pluralized(privateTables, "network namespace"))",
                        .needs(
                            "the kernel's common TCP hash table (net.ipv4.tcp_child_ehash_entries gave them their own)")
                    ))
            }
            if tornChains > 0 {
                result.append(
                    MissingEvidence(
                        .sockets,
                        action:
                            "read \(tornChains) chain\(tornChains == 1 ? "" : "s") of the kernel's TCP hash table",
                        .failed("they changed whenever they were read")))
            }
            return result
        }
    }

    /// - Parameter readsDetails: read the details of sockets, too (``Pass/details``).
    /// - Throws: `BPFError` where the kernel refuses a program.
    public init(readsDetails: Bool = false) throws {
        self.readsDetails = readsDetails
        let loaded = try BPFObject.loaded(
            embedded: readsDetails ? inspectTaskFileObject : observeTaskFileObject, name: "unstuck_task_file",
            stem: "observe")
        object = loaded.object
        link = LinkBox(try loaded.program.attachIterator())
        walk = try SocketTableWalk(sharing: object.map("protos"), withDetails: readsDetails)
    }

    /// The distinct handlers of all sockets so far; `KernelSocket.handlers` is an index into it.
    public func handlers() throws -> [Handlers] {
        try HandlerNames.resolve(table, in: object.map("protos"))
    }

    /// The processes that held sockets of these inodes in the last pass, by every descriptor that leads to them.
    public var owners: [SocketOwner] { held.map(\.owner) }

    /// As ``owners``, of some sockets.
    public func owners(of inodes: Set<UInt64>) -> [SocketOwner] {
        held.filter { inodes.contains($0.inode) }.map(\.owner)
    }

    /// Reads every TCP socket once. Sockets in CLOSE are in no table and belong to no connection: they are left out.
    ///
    /// - Parameter expected: about how many there are; more or less costs a copy or memory.
    /// - Throws: `BPFError`, `SystemError`.
    public func read(expecting expected: Int = 0) throws -> Pass {
        var pass = Pass()
        let nets = try walk.namespaces()
        pass.namespaces = nets.inodes
        pass.isPartialList = nets.isPartial
        let tables = nets.tables
        let reader = walk.reader
        // Most of the time is waiting for memory: neither of the two readings needs to wait for the other.
        let walking = try JoinableThread { try reader.read(tables) }
        pass.sockets.reserveCapacity(expected)
        if readsDetails { pass.details.reserveCapacity(expected) }
        var known = Set<UInt64>(minimumCapacity: expected)
        let reading = Result {
            try readHeld(expected) { address, add in
                if known.insert(address).inserted { try add(&pass) }
            }
        }
        let walked = try walking.wait()
        try reading.get()
        pass.tornChains = walked.torn
        pass.privateTables = nets.isPrivate
        func isNew(_ socket: TCPSocket) -> Bool {
            socket.socket.state != .close && known.insert(socket.socket.identity.address).inserted
        }
        try add(walked, to: &pass, where: isNew)
        let missing = walked.missing { known.contains($0) }
        if !missing.isEmpty {
            let found = try walk.read(missing)
            pass.tornChains += found.torn
            let before = pass.sockets.count
            try add(found, to: &pass, where: isNew)
            pass.unowned = pass.sockets.count - before
        }
        return pass
    }

    private func add(_ found: SocketTableReader.Result, to pass: inout Pass, where isNew: (TCPSocket) -> Bool) throws {
        guard readsDetails else {
            pass.sockets += try found.sockets(&table).filter(isNew)
            return
        }
        for (socket, details) in try found.inspected(&table) where isNew(socket) {
            pass.sockets.append(socket)
            pass.details.append(details)
        }
    }

    /// Calls `body` with the address of each descriptor's socket, and what decodes it into a pass. A socket that several descriptors
    /// lead to comes several times.
    private func readHeld(_ expected: Int, _ body: (UInt64, (inout Pass) throws -> Void) throws -> Void) throws {
        let iterator = try link.link.iterate()
        let clock = try object.map(".data.clock")
        held.removeAll(keepingCapacity: true)
        held.reserveCapacity(expected)
        var hertz: UInt32?
        let size = readsDetails ? InspectedRecord.ownedSize : OwnedRecord.size
        try IteratorReader.read(iterator, stride: size, of: "iter/task_file") { piece in
            // Written before the first record was.
            let rate = try hertz ?? clock.hertz()
            hertz = rate
            for offset in stride(from: 0, to: piece.byteCount, by: size) {
                // The record's length was checked by the reader, and any bit pattern is a valid unstuck_owned.
                let raw = unsafe piece.unsafeLoadUnaligned(fromByteOffset: offset, as: unstuck_owned.self)
                held.append(HeldDescriptor(raw))
                guard raw.tcp.socket.state != TCPState.close.rawValue else { continue }
                try body(raw.tcp.socket.address) { pass in
                    guard readsDetails else {
                        pass.sockets.append(try TCPRecord.decode(piece, at: offset, hertz: rate, protos: &table))
                        return
                    }
                    let (socket, details) = try InspectedRecord.decodeOwned(
                        piece, at: offset, hertz: rate, protos: &table)
                    pass.sockets.append(socket)
                    pass.details.append(details)
                }
            }
        }
    }
}

extension BPFMapHandle {
    /// The tick rate by the clocks that our program wrote into this map; 0 if it did not.
    fileprivate func hertz() throws -> UInt32 {
        let clock = try first(unstuck_clock())
        return JiffyClock.hertz(jiffies: clock.jiffies, monotonicNanoseconds: clock.monotonic_ns)
    }
}
