import Glibc
import Logging
import UnstuckFormats
import UnstuckModel

/// Looks at the whole node, as often as asked; what it loads into the kernel for that is loaded once. Reads only; what
/// it cannot read becomes a ``MissingEvidence`` and the rest goes on.
public final class NodeObserver {
    public struct Options: Sendable {
        public var root = NodeRoot()
        /// Only these maps; empty: every SOCKMAP and SOCKHASH.
        public var maps: Set<UInt32> = []
        /// Also read the TCP tables of the network namespaces.
        public var readsSockets = true
        /// How the keys of maps with keys of that size are read, whatever else fits.
        public var layout: KeyLayout?
        /// Walk the maps' keys and ask INET_DIAG for the sockets, although the iterators could be used.
        public var avoidsIterators = false
        /// Also read from which ports each network namespace gives to its clients.
        public var readsLocalPorts = false
        /// Also read which programs use the maps, and where each is attached.
        public var readsAttachments = false
        /// Read the details of sockets, too: for ``NodeObserver/sampleSockets()``.
        public var readsDetails = false
        public init() {}
    }

    public let options: Options
    private let sockmaps = SockmapObserver()
    /// Why the program that reads maps is not tried any more: it will not be accepted the next time either.
    private var refusal: (any Error)?
    /// Why there is no observer of sockets.
    var socketError: (any Error)?
    /// What each part of a look took and found: `UNSTUCK_LOG=debug`.
    let log = Logger(label: "unstuck.sample")

    public init(_ options: Options = Options()) { self.options = options }

    /// Looks once.
    ///
    /// The maps are read before and after the TCP tables: an entry whose socket is the same in both passes was
    /// there while its connection's sockets were read, so that a connection that came or went meanwhile is never
    /// taken for a misdirected one.
    public func look() -> Snapshot {
        var snapshot = Self.blank()
        defer {
            tables = nil
            sockmaps.letGo()
        }
        if options.readsSockets, options.avoidsIterators || refusal != nil {
            // The shorter the time from the keys to the tables and back, the more keys stay.
            tables = SocketTables(root: options.root)
            tables?.prepare()
        }
        // What reads sockets is loaded while the maps are read for the first time.
        let loading = SocketObserverLoading(isNeeded: needsSocketObserver)
        for refusal in options.root.refusals() {
            snapshot.missingEvidence.append(
                MissingEvidence(.namespaces, action: "read \(refusal.object)", error: refusal))
        }
        let before = readMaps(into: &snapshot.missingEvidence)
        if !before.isEmpty || snapshot.coverage.answer(.sockmaps) == .notCollected {
            snapshot.coverage.noteRead(.sockmaps, at: SystemClock.monotonic.seconds)
        }
        if before.allSatisfy({ $0.walk == nil }) {
            snapshot.coverage.noteRead(.entrySockets, at: SystemClock.monotonic.seconds)
        }
        loading.finish(into: self)
        if options.readsSockets {
            readSockets(into: &snapshot)
            var again: [MissingEvidence] = []
            snapshot.sockmaps = readMaps(into: &again)
            Self.markUnstable(&snapshot.sockmaps, before: before)
            Self.addUnread(to: &snapshot)
            checkAbsences(&snapshot)
        } else {
            snapshot.sockmaps = before
        }
        readHandlers(into: &snapshot)
        readPrograms(into: &snapshot)
        readAttachments(into: &snapshot)
        readPods(into: &snapshot)
        return snapshot
    }

    static func blank() -> Snapshot {
        return Snapshot(
            takenAt: SystemClock.wall.seconds, monotonic: SystemClock.monotonic.seconds,
            host: (readText("/proc/sys/kernel/hostname") ?? "").trimmedLine,
            boot: (readText("/proc/sys/kernel/random/boot_id") ?? "").trimmedLine,
            kernelRelease: (readText("/proc/sys/kernel/osrelease") ?? "").trimmedLine)
    }

    private func readMaps(into missingEvidence: inout [MissingEvidence]) -> [Sockmap] {
        let start = ContinuousClock.now
        let pins = PinFinder(root: options.root).pins()
        var result: [Sockmap] = []
        var walked = WalkedMaps()
        for id in mapIDs(pins, &missingEvidence) where options.maps.isEmpty || options.maps.contains(id) {
            do {
                guard let map = try open(id, pins[id]) else { continue }
                var description = map.description
                description.pins = pins[id] ?? []
                if options.layout?.size == description.keySize { description.declaredLayout = options.layout?.name }
                do {
                    try readEntries(of: map, into: &description, &walked)
                } catch {
                    missingEvidence.append(MissingEvidence(.sockmaps, action: "read sockmap \(id)", error: error))
                }
                result.append(description)
            } catch {
                missingEvidence.append(MissingEvidence(.sockmaps, action: "open BPF map \(id)", error: error))
            }
        }
        addKeyTypes(to: &result)
        for id in options.maps.subtracting(result.map(\.id)).sorted() {
            missingEvidence.append(
                MissingEvidence(.sockmaps, action: "find sockmap \(id)", .failed("no SOCKMAP or SOCKHASH has that id")))
        }
        missingEvidence += walked.missingEvidence
        let entries = result.reduce(0) { $0 + $1.entries.count + ($1.walk?.entries.count ?? 0) }
        log.debug("\(result.count) sockmaps, \(entries) entries in \(ContinuousClock.now - start)")
        return result
    }

    /// Through the iterator, or, where that cannot be used, by walking the keys.
    private func readEntries(
        of map: borrowing OpenSockmap, into description: inout Sockmap, _ walked: inout WalkedMaps
    ) throws {
        var reason = WalkedMaps.chosen
        if let refusal {
            reason = MissingPrivilege.reason(behind: refusal)
        } else if !options.avoidsIterators {
            do {
                description.entries = try sockmaps.entries(of: map)
                return
            } catch let error as ObservationError where !error.isOfIterator {
                throw error
            } catch {
                if let error = error as? BPFError, error.isOfLoading { refusal = error }
                reason = MissingPrivilege.reason(behind: error)
            }
        }
        let walk = try KeyWalk.run(over: map)
        description.walk = walk
        walked.add(description.id, walk, reason)
    }

    /// Keys of walked maps that name no socket: is there really none?
    private func checkAbsences(_ snapshot: inout Snapshot) {
        guard snapshot.sockmaps.contains(where: { $0.walk != nil }) else { return }
        let tables = tables ?? SocketTables(root: options.root)
        if tables.reads == 0 {  // the sockets came through their iterator, which does not look for hidden namespaces
            snapshot.add(tables.read())
        }
        AbsenceCheck(tables: tables).run(on: &snapshot) { map in
            guard let open = try open(map.id, map.pins.isEmpty ? nil : map.pins) else { return nil }
            return try KeyWalk.run(over: open)
        }
    }

    /// What programs' BTF says of the keys: evidence that is welcome, and nowhere needed.
    private func addKeyTypes(to maps: inout [Sockmap]) {
        let new = maps.filter { keyTypes[$0.id] == nil }
        if !new.isEmpty, let users = try? MapUsers(of: new) {
            for map in new { keyTypes[map.id] = .some(users.keyTypes[map.id]) }
        }
        for index in maps.indices { maps[index].keyType = keyTypes[maps[index].id] ?? nil }
    }
    /// By map, asked for once: a map's key never changes, nor does what a map's id stands for.
    private var keyTypes: [UInt32: KeyType?] = [:]

    /// Every map's id; without the right to list them, those of the maps that are pinned.
    private func mapIDs(_ pins: [UInt32: [String]], _ missingEvidence: inout [MissingEvidence]) -> [UInt32] {
        do {
            return try BPFTable.mapIDs()
        } catch {
            missingEvidence.append(
                MissingEvidence(
                    .sockmaps, action: pins.isEmpty ? "list BPF maps" : "list BPF maps (only pinned ones were read)",
                    error: error))
            return pins.keys.sorted()
        }
    }

    private func open(_ id: UInt32, _ pins: [String]?) throws -> OpenSockmap? {
        do {
            return try BPFTable.openSockmap(id: id)
        } catch {
            guard let pin = pins?.first else { throw error }
            return try BPFTable.openSockmap(pin: pin)
        }
    }

    private static func markUnstable(_ maps: inout [Sockmap], before: [Sockmap]) {
        let earlier = Dictionary(before.map { ($0.id, $0) }) { first, _ in first }
        for index in maps.indices {
            let earlier = earlier[maps[index].id]?.entries ?? []
            let byKey = HashIndex(count: earlier.count) { earlier[$0].key.quickHash }
            for position in maps[index].entries.indices {
                let key = maps[index].entries[position].key
                let socket = maps[index].entries[position].socket.identity
                maps[index].entries[position].isStable =
                    byKey.first(key.quickHash) {
                        earlier[$0].key == key && earlier[$0].socket.identity.mayBe(socket)
                    } != nil
            }
            var keys: [SockmapKey: UInt64?] = [:]
            for entry in before.first(where: { $0.id == maps[index].id })?.walk?.entries ?? [] {
                keys[entry.key] = .some(entry.cookie)
            }
            let walked = maps[index].walk?.entries ?? []
            for (position, entry) in walked.enumerated() {
                maps[index].walk?.entries[position].isStable = keys[entry.key] == .some(entry.cookie)
            }
        }
    }

    /// Loaded once: most of a look's time on an old or slow machine is libbpf's search of the kernel's types.
    var socketObserver: SocketObserver?
    /// Open during a look that needs them.
    var tables: SocketTables?
    /// Of the sockets of the last reading, where the options ask for them.
    var details: [SocketDetails] = []

    /// Sockets of entries and of the tables were numbered by two observers; the snapshot has one table.
    func readHandlers(into snapshot: inout Snapshot) {
        var (ofEntrySockets, ofSockets): ([Handlers], [Handlers]) = ([], [])
        do {
            ofEntrySockets = try sockmaps.handlers()
            ofSockets = try socketObserver?.handlers() ?? []
        } catch {
            snapshot.missingEvidence.append(
                MissingEvidence(.handlers, action: "name the handlers of sockets", error: error))
        }
        var table: [Handlers] = []
        func number(_ handlers: Handlers) -> Int {
            if let index = table.firstIndex(of: handlers) { return index }
            table.append(handlers)
            return table.count - 1
        }
        let entryNumbers = ofEntrySockets.map(number)
        let socketNumbers = ofSockets.map(number)
        for map in snapshot.sockmaps.indices {
            for entry in snapshot.sockmaps[map].entries.indices {
                let old = snapshot.sockmaps[map].entries[entry].socket.handlers
                snapshot.sockmaps[map].entries[entry].socket.handlers = old.flatMap { entryNumbers[safe: $0] }
            }
        }
        for index in snapshot.sockets.indices {
            let old = snapshot.sockets[index].socket.handlers
            snapshot.sockets[index].socket.handlers = old.flatMap { socketNumbers[safe: $0] }
        }
        snapshot.handlers = table
    }

    private func readPrograms(into snapshot: inout Snapshot) {
        snapshot.coverage.noteRead(.programs, at: SystemClock.monotonic.seconds)
        for id in Self.distinct(in: snapshot, \.psock?.msgProgram).sorted() {
            do {
                if let loaded = try BPFTable.program(id: id) { snapshot.programs.append(loaded.program) }
            } catch {
                snapshot.missingEvidence.append(
                    MissingEvidence(.programs, action: "ask for BPF program \(id)", error: error))
            }
        }
    }

    /// The programs of the maps, with the cgroups and maps that they are attached to, in place of what is known of them.
    private func readAttachments(into snapshot: inout Snapshot) {
        guard options.readsAttachments else { return }
        do {
            var users = try MapUsers(of: snapshot.sockmaps)
            users.findAttachments(root: options.root)
            // Where only some maps are read, the others may be what a socket has its program from.
            if options.maps.isEmpty {
                users.observe(
                    Dictionary(
                        uniqueKeysWithValues: snapshot.sockmaps.map { map in
                            (map.id, MapUsers.senders(map.entries.lazy.map(\.socket)))
                        }))
            }
            snapshot.add(attached: users.programs)
            snapshot.coverage.noteRead(.attachments, at: SystemClock.monotonic.seconds)
        } catch {
            snapshot.missingEvidence.append(
                MissingEvidence(.attachments, action: "ask where the sockmaps' programs are attached", error: error))
        }
    }

    /// The distinct values that sockets, of entries and of the tables, have of something. Most have their neighbour's.
    private static func distinct<Value: Hashable>(
        in snapshot: Snapshot, _ value: (KernelSocket) -> Value?
    ) -> Set<Value> {
        var result = Set<Value>()
        var last: Value?
        func add(_ socket: KernelSocket) {
            guard let value = value(socket), value != last else { return }
            last = value
            result.insert(value)
        }
        for socket in snapshot.sockets { add(socket.socket) }
        for map in snapshot.sockmaps { for entry in map.entries { add(entry.socket) } }
        return result
    }

    func readPods(into snapshot: inout Snapshot) {
        let ids = Self.distinct(in: snapshot, \.cgroup)
        let finder = CgroupFinder(root: options.root)
        snapshot.cgroups = finder.find(ids)
        snapshot.pods = finder.pods()
        snapshot.coverage.noteRead(.pods, at: SystemClock.monotonic.seconds)
    }
}

extension MissingEvidence {
    /// A gap from the error that caused it, with what is missing named.
    init(_ evidence: Evidence, of netns: UInt32? = nil, action: String, error: any Error) {
        self.init(evidence, of: netns, action: action, MissingPrivilege.reason(behind: error))
    }
}

extension String {
    var trimmedLine: String { String(prefix { $0 != "\n" }) }
}

extension Array {
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
