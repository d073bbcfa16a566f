import CUnstuckABI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Takes an accelerator out of the path of new connections, and puts it back exactly as it was.
///
/// Each of the map's sock_ops programs is replaced, in its very place, by a shim (``Shim``): a socket that is never
/// inserted is plain TCP. The record is written before anything is touched, and all that is needed to put things back is
/// pinned before it is attached, so that a kill at any moment leaves something that ``off(_:)`` understands.
public struct Bypass {
    public struct Options: Sendable {
        /// After so many seconds it undoes itself; `nil`: when told to.
        public var seconds: Double?
        /// The program sees no event at all.
        public var takesAllEvents = false
        public init() {}
    }

    /// Names of the sock_ops and tracing programs of guards and bypasses.
    public static let ownPrograms: Set<String> = [GuardProgram.socketProgram, GuardProgram.eventProgram, Shim.name]

    public let registry: BypassRegistry
    let root: NodeRoot
    /// Of pins.
    let folder: String

    /// - Parameter root: records and pins are the node's own: anyone who undoes a bypass must see those of anyone who began it.
    public init(root: NodeRoot) {
        self.root = root
        registry = BypassRegistry(folder: root.path("/run/unstuck/bypass"))
        folder = root.path("/sys/fs/bpf/unstuck/bypass")
    }

    /// `CLOCK_BOOTTIME` in nanoseconds: goes on while the machine sleeps, as the shim's clock does.
    public static var now: UInt64 { UInt64(SystemClock.boot.nanoseconds) }

    /// The right to change a map's bypass. Anyone who else is at it is soon done: what undoes one when its time is over, above
    /// all.
    public func lock(_ map: UInt32) throws -> FileLock { try registry.lock(map, patience: 10) }

    // MARK: On

    /// Bypasses a map's accelerator; one that is bypassed already gets the new options.
    ///
    /// - Parameter keep: starts what undoes it when the time is over, and says which process that is.
    /// - Throws: `BypassError`, `BPFError`, `SystemError`: everything is as it was then, but for what a
    ///   `halfDone` says, and for one that is bypassed already, which stays so.
    public func on(
        _ map: Sockmap, _ options: Options, keep: (BypassState) throws -> Int32
    ) throws -> BypassState {
        if let earlier = try recordToUndo(map.id) { return try goOn(look(earlier), options, keep: keep) }
        let (places, reasons) = try places(of: map)
        guard !places.isEmpty else { throw BypassError.nothingToBypass(map.id, reasons) }
        var state = BypassState(map: map.id, mapName: map.name, since: SystemClock.wall.seconds, places: places)
        set(options, in: &state)
        do {
            try registry.write(state)
            try startKeeper(&state, keep)
            try PinFolder.make("\(folder)/\(map.id)")
            for index in state.places.indices { try shim(&state, at: index) }
            for place in state.places { try attach(place, of: map.id) }
            try registry.write(state)
        } catch {
            do {
                _ = try off(map.id)
            } catch let second {
                throw BypassError.halfDone(map.id, "\(error)", "\(second)")
            }
            throw error
        }
        return look(state)
    }

    /// The kernel's side first: whatever becomes of us, the time is over when it is.
    private func goOn(
        _ state: BypassState, _ options: Options, keep: (BypassState) throws -> Int32
    ) throws -> BypassState {
        guard state.places.allSatisfy({ $0.condition == .bypassed || $0.condition == .handingOn }),
            state.places.allSatisfy(\.restarted.isEmpty)
        else { throw BypassError.changed(state.map) }
        var state = state
        set(options, in: &state)
        for index in state.places.indices {
            try Shim(pinnedIn: pins(state.map, index)).set(Self.settings(of: state))
        }
        try registry.write(state)
        try startKeeper(&state, keep)
        return look(state)
    }

    private func set(_ options: Options, in state: inout BypassState) {
        state.takesAllEvents = options.takesAllEvents
        state.until = options.seconds.map { SystemClock.wall.seconds + $0 }
        state.deadline = options.seconds.map { Self.now + UInt64($0 * 1e9) }
    }

    /// One that lives sees the new time by itself.
    private func startKeeper(_ state: inout BypassState, _ keep: (BypassState) throws -> Int32) throws {
        guard state.deadline != nil, !isKept(state) else { return }
        let pid = try keep(state)
        state.keeper = pid
        state.keeperStart = ProcessStatus.startTime(of: pid)
        try registry.write(state)
    }

    func isKept(_ state: BypassState) -> Bool {
        state.keeper.map { ProcessStatus.startTime(of: $0) == state.keeperStart } ?? false
    }

    /// Where the map's sock_ops programs are attached.
    private func places(of map: Sockmap) throws -> (places: [BypassState.Place], reasons: [String]) {
        var users = try MapUsers(of: [map])
        users.findAttachments(root: root)
        let programs = users.programs.filter {
            $0.type == "sock_ops" && ![GuardProgram.socketProgram, Shim.name].contains($0.name)
        }
        guard !programs.isEmpty else { return ([], ["no sock_ops program uses it"]) }
        var places: [BypassState.Place] = []
        var reasons: [String] = []
        for program in programs {
            let attachments = (program.attachments ?? []).filter { $0.hook == "sock_ops" }
            if attachments.isEmpty {
                reasons.append("program \(program.id) \"\(program.name)\" is attached to no cgroup")
            }
            for attachment in attachments {
                guard let cgroup = attachment.cgroup else { continue }
                let directory = try root.directory(ofCgroup: cgroup)
                // A hierarchy that is mounted twice shows each of its groups twice.
                guard let group = inodeNumber(directory),
                    !places.contains(where: { $0.group == group && $0.original == program.id })
                else { continue }
                let list = try GroupPrograms(inGroup: directory)
                places.append(
                    BypassState.Place(
                        cgroup: cgroup, group: group, mode: list.mode, link: attachment.link, original: program.id,
                        originalName: program.name, before: Self.withoutGuards(list.ids)))
            }
        }
        return (places, reasons)
    }

    /// A guard of ours comes and goes meanwhile, and changes nothing of anybody's.
    static func withoutGuards(_ programs: [UInt32]) -> [UInt32] {
        programs.filter { (try? BPFTable.Loaded(id: $0))?.name != GuardProgram.socketProgram }
    }

    private func shim(_ state: inout BypassState, at index: Int) throws {
        let pins = pins(state.map, index)
        try PinFolder.make(pins)
        let original = try BPFTable.Loaded(id: state.places[index].original)
        let (shim, passesThrough) = try Shim.make(for: original, Self.settings(of: state), pinnedIn: pins)
        guard passesThrough || state.deadline == nil || isKept(state) else { throw BypassError.noTimer }
        state.places[index].shim = shim.program.id
        state.places[index].passesThrough = passesThrough
        try registry.write(state)
    }

    private static func settings(of state: BypassState) -> unstuck_bypass_settings {
        unstuck_bypass_settings(
            deadline_ns: state.deadline ?? 0, takes_all_events: state.takesAllEvents ? 1 : 0, reserved: 0)
    }

    private func attach(_ place: BypassState.Place, of map: UInt32) throws {
        guard let id = place.shim else { return }
        let directory = try root.directory(ofCgroup: place.cgroup)
        let effective = try effectiveSocketPrograms(inGroup: directory).map(\.id)
        let attached = try GroupPrograms(inGroup: directory).ids
        // BPF_F_PREORDER (4b82b181a26c, in v6.15) is the one flag that cannot be asked for and would be lost.
        guard effective.starts(with: attached) else { throw BypassError.preorder(place.cgroup) }
        try GroupPrograms.replace(
            try BPFTable.Loaded(id: place.original), by: try BPFTable.Loaded(id: id), link: place.link,
            mode: place.mode, inGroup: directory)
        // What runs, and in which order, beside what is attached.
        guard
            try effectiveSocketPrograms(inGroup: directory).map(\.id)
                == effective.map({ $0 == place.original ? id : $0 }),
            try GroupPrograms(inGroup: directory).ids == attached.map({ $0 == place.original ? id : $0 })
        else { throw BypassError.changed(map) }
    }

    func pins(_ map: UInt32, _ place: Int) -> String { "\(folder)/\(map)/\(place)" }
}
