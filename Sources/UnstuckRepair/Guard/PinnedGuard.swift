import CLibBPF
import Glibc
import UnstuckKernel
import UnstuckModel

/// A guard that needs no process: its sock_ops links and what they count are pinned, and stay until `guard down`, or until
/// the next boot.
public struct PinnedGuard {
    public static let defaultFolder = "/sys/fs/bpf/unstuck/guard"

    public let folder: String
    /// As it was written when the guard was set up, with what the kernel counts now.
    public private(set) var state: GuardState

    var links: [String] {
        directoryNames(folder).filter { $0.hasPrefix("link_") }.sorted().map { "\(folder)/\($0)" }
    }

    /// What is pinned for a map; `nil`: nothing.
    ///
    /// - Throws: `BPFError`: it is there and cannot be read.
    public init?(map: UInt32, below parent: String = defaultFolder, registry: GuardRegistry) throws {
        folder = "\(parent)/\(map)"
        guard directoryNames(folder).contains(where: { $0.hasPrefix("link_") }) else { return nil }
        let settings = try GuardMaps.open("\(folder)/settings")
        let counts = try GuardMaps.open("\(folder)/counts")
        let mode = try GuardMaps.mode(in: settings.raw)
        state =
            registry.record(of: map).flatMap { $0.isPinned ? $0 : nil }
            ?? GuardState(map: map, mapName: "", mode: mode, isPinned: true, since: 0)
        state.mode = mode
        state.paths = [.socketOperations]
        state.counts = GuardState.Counts()
        state.counts.add(try GuardMaps.counts(in: counts.raw))
        if try links.contains(where: Self.isSevered) {
            state.paths = []
            state.reasons.append("a cgroup in which it ran has gone: `guard up --pin` attaches it anew")
        }
    }

    /// The kernel takes a program out of a cgroup that is removed, and leaves the link without one.
    private static func isSevered(_ link: String) throws -> Bool {
        let descriptor = try GuardMaps.open(link)
        var info = bpf_link_info()
        var size = UInt32(MemoryLayout<bpf_link_info>.size)
        let code = unsafe bpf_obj_get_info_by_fd(descriptor.raw, &info, &size)
        guard code == 0 else { throw BPFError("describe", link, errno: -code) }
        return info.cgroup.cgroup_id == 0
    }

    /// Maps for which something is pinned.
    ///
    /// - Throws: `SystemError` if that cannot be seen.
    public static func maps(below parent: String = defaultFolder) throws(SystemError) -> [UInt32] {
        try readDirectory(parent).compactMap { UInt32($0) }.sorted()
    }

    /// Guards a map from now on, without a process. One that is guarded so already gets the programs of this version and
    /// the mode that is asked for; what was counted stays.
    ///
    /// - Throws: `GuardError`, `BPFError`, `SystemError`; nothing that was not there before stays behind then.
    public static func setUp(
        map: borrowing OpenSockmap, _ options: MapGuard.Options, below parent: String = defaultFolder,
        registry: GuardRegistry
    ) throws -> GuardState {
        let id = map.description.id
        if let earlier = try PinnedGuard(map: id, below: parent, registry: registry) {
            // One without a record was killed while it was set up: not all its links may be there.
            guard !earlier.state.paths.isEmpty, registry.record(of: id)?.isPinned == true else {
                earlier.takeDown(registry: registry)
                return try setUp(map: map, options, below: parent, registry: registry)
            }
            let mapGuard = try MapGuard(map: map, options, listens: false, earlier: earlier)
            try registry.write(mapGuard.state)
            return mapGuard.state
        }
        let folder = "\(parent)/\(id)"
        PinFolder.remove(folder)
        try PinFolder.make(folder)
        do {
            let mapGuard = try MapGuard(map: map, options, listens: false)
            try mapGuard.pin(in: folder)
            try registry.write(mapGuard.state)
            return mapGuard.state
        } catch {
            PinFolder.remove(folder)
            throw error
        }
    }

    /// Removes what one that was killed before it was set up has left: a folder, and maps without programs.
    public static func removeRest(of map: UInt32, below parent: String = defaultFolder) {
        PinFolder.remove("\(parent)/\(map)")
    }

    /// Ends the guard: the links go first, and with them the program from its cgroups.
    public func takeDown(registry: GuardRegistry) {
        for link in links { unsafe _ = unlink(link) }
        PinFolder.remove(folder)
        registry.remove(state.map)
    }
}
