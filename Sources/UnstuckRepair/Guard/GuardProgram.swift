import CLibBPF
import CUnstuckABI
import Glibc
import UnstuckFormats
import UnstuckKernel
import UnstuckModel

/// The kernel side of a guard over one map (`bpf/repair/guard.bpf.c`), loaded and attached.
final class GuardProgram {
    /// What the kernel takes: the first that loads is used.
    private enum Variant: CaseIterable { case both, socketOperations, events }

    /// Its name tells a guard's program from an accelerator's that uses the same map.
    static let socketProgram = "on_socket_event"
    static let eventProgram = "on_state_change"

    private let object: BPFObject
    private let ring: EventRing?
    private var groupLinks: [LinkBox] = []
    private var eventLink: LinkBox?
    let listens: Bool

    /// Holds a link where a class may.
    private final class LinkBox {
        let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    /// One event of the kernel side.
    struct Event {
        var entry: SockmapEntry
        var outcome: UInt32
        var error: Int32
    }

    /// - Parameters:
    ///   - listens: events are read, by ``consume(waiting:_:)``.
    ///   - folder: where an earlier guard of the same map has pinned its maps: this one goes on with them.
    /// - Throws: `BPFError`: the kernel takes none of the programs.
    init(map: borrowing OpenSockmap, mode: GuardMode, listens: Bool, goingOnFrom folder: String?) throws {
        var (loaded, failure): (BPFObject?, (any Error)?) = (nil, nil)
        for variant in listens ? Variant.allCases : [.socketOperations] where loaded == nil {
            do {
                let object = try BPFObject(embedded: guardObject, name: "unstuck_guard")
                try object.program(Self.socketProgram).setAutoload(variant != .events)
                try object.program(Self.eventProgram).setAutoload(variant != .socketOperations)
                try object.setReadOnlyWord(named: "key_size", UInt32(map.description.keySize))
                try object.setReadOnlyWord(named: "target_id", map.description.id)
                try object.map("target").reuse(map.descriptor.raw)
                if let folder {
                    for name in GuardMaps.pinned {
                        let pin = try GuardMaps.open("\(folder)/\(name)")
                        try object.map(name).reuse(pin.raw)
                    }
                }
                if !listens { try object.map("events").setMaxEntries(Int(getpagesize())) }
                try object.load()
                loaded = object
            } catch {
                failure = failure ?? error
            }
        }
        guard let loaded else { throw failure ?? BPFError("load", "unstuck_guard", errno: EINVAL) }
        object = loaded
        self.listens = listens
        ring = listens ? try EventRing(map: try loaded.map("events").descriptor) : nil
        try set(mode)
    }

    func set(_ mode: GuardMode) throws {
        try GuardMaps.write(mode, tells: listens, to: try object.map("settings").descriptor)
    }

    /// Attaches the sock_ops program to a cgroup; other programs may be there and come.
    func attach(toGroup directory: String) throws {
        let group = try OwnedDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
        groupLinks.append(LinkBox(try object.program(Self.socketProgram).attach(toGroup: group)))
    }

    /// Attaches the tracepoint's program.
    func attachEvents() throws {
        eventLink = LinkBox(try object.program(Self.eventProgram).attach())
    }

    /// Pins the links and what `status` reads, so that all of it outlives us.
    func pin(in folder: String) throws {
        // The links last: where one is pinned, all that is needed to read and to end the guard is.
        for name in GuardMaps.pinned {
            let path = "\(folder)/\(name)"
            if unsafe access(path, F_OK) != 0 { try object.map(name).pin(at: path) }
        }
        for (index, box) in groupLinks.enumerated() { try box.link.pin(at: "\(folder)/link_\(index)") }
    }

    /// Puts this guard's sock_ops program in the place of an earlier one, in one step: no socket goes unguarded.
    func replace(link pin: String) throws {
        let descriptor = try GuardMaps.open(pin)
        let program = try object.program(Self.socketProgram).descriptor
        let code = bpf_link_update(descriptor.raw, program, nil)
        guard code == 0 else { throw BPFError("replace the program of", pin, errno: -code) }
    }

    func counts() throws -> [GuardMaps.Count] { try GuardMaps.counts(in: try object.map("counts").descriptor) }

    /// Hands out what the kernel side told; waits for something at most so many milliseconds.
    func consume(waiting milliseconds: Int32, _ body: (Event) -> Void) throws {
        guard let ring else { return }
        for bytes in try ring.read(waiting: milliseconds) {
            let span = unsafe bytes.span.bytes
            var protos = ProtoTable()
            guard span.byteCount >= MemoryLayout<unstuck_guard_event>.size else { continue }
            // The length was just checked, and any bit pattern is a valid unstuck_guard_event.
            let raw = unsafe span.unsafeLoadUnaligned(as: unstuck_guard_event.self)
            body(
                Event(
                    entry: try EntryRecord.decode(span, at: 0, protos: &protos), outcome: raw.outcome,
                    error: Int32(bitPattern: raw.error)))
        }
    }
}

/// What of a guard's maps others read and write too.
enum GuardMaps {
    struct Count: Hashable {
        var entries: UInt64
        var bytes: UInt64
    }

    static let pinned = ["settings", "counts"]

    /// A pinned map or link.
    static func open(_ pin: String) throws -> OwnedDescriptor {
        let raw = unsafe bpf_obj_get(pin)
        guard raw >= 0 else { throw BPFError("open", pin, errno: -raw) }
        return OwnedDescriptor(owning: raw)
    }

    static func write(_ mode: GuardMode, tells: Bool, to settings: Int32) throws {
        let value = unstuck_guard_settings(evicts: mode == .evict ? 1 : 0, tells: tells ? 1 : 0)
        do {
            try MapElements(settings).set(MapElements.key(0), to: value)
        } catch {
            throw BPFError("set", "settings", errno: error.errno)
        }
    }

    static func mode(in settings: Int32) throws -> GuardMode {
        do {
            let value = try MapElements(settings).value(of: MapElements.key(0), unstuck_guard_settings())
            return value.evicts != 0 ? .evict : .preserve
        } catch {
            throw BPFError("read", "settings", errno: error.errno)
        }
    }

    /// By `enum unstuck_guard_outcome`.
    static func counts(in counts: Int32) throws -> [Count] {
        try (0..<UNSTUCK_GUARD_OUTCOMES.rawValue).map { outcome in
            do throws(MapElements.Refusal) {
                let value = try MapElements(counts).value(of: MapElements.key(outcome), unstuck_guard_count())
                return Count(entries: value.entries, bytes: value.bytes)
            } catch {
                throw BPFError("read", "counts", errno: error.errno)
            }
        }
    }
}

extension GuardState.Counts {
    /// Adds what the kernel side counted.
    mutating func add(_ counts: [GuardMaps.Count]) {
        func count(_ outcome: unstuck_guard_outcome) -> GuardMaps.Count { counts[Int(outcome.rawValue)] }
        let evictions = count(UNSTUCK_GUARD_EVICTED)
        let removals = count(UNSTUCK_GUARD_REMOVED).entries + evictions.entries
        if removals > 0 { remove(.socketOperations, removals) }
        evicted += evictions.entries
        evictedBytes += evictions.bytes
        failed += count(UNSTUCK_GUARD_FAILED).entries
        raced += count(UNSTUCK_GUARD_RACED).entries
        missedEvents += count(UNSTUCK_GUARD_MISSED).entries
    }
}
