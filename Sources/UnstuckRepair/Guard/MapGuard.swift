import CUnstuckABI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Guards one map while it lives: takes the entries of dead sockets out of it, by the quickest path that the kernel and
/// the accelerator's attachment leave open, and by the slower ones what that one missed.
public final class MapGuard {
    public struct Options: Sendable {
        public var mode = GuardMode.preserve
        /// The paths that may be used.
        public var paths = Set(GuardPath.allCases)
        /// Seconds between two looks through the map.
        public var sweepEvery = 10.0
        public var root = NodeRoot()
        public init() {}
    }

    /// A dead socket's entry that user space is to delete.
    private struct Pending {
        var entry: SockmapEntry
        var path: GuardPath
        /// When it was first seen dead, and when it is dealt with next (`CLOCK_MONOTONIC`).
        var since: Double
        var due: Double
        var tries = 0
        /// Bytes are unread: it is kept until they have been read.
        var isHeld = false
        /// A socket without an owner, whose bytes nobody can ever read.
        var isLeaked = false
        var unreadBytes: UInt32 = 0
    }

    /// The name of the sock_ops program that every guard runs where it can.
    public static let programName = GuardProgram.socketProgram

    public private(set) var state: GuardState
    private let options: Options
    private let program: GuardProgram?
    private let map: UInt32
    private var pass: RepairPass?
    private let observer = SockmapObserver()
    private var pending: [SockmapKey: Pending] = [:]
    /// What user space did itself.
    private var done = GuardState.Counts()
    /// Dead in the last sweep.
    private var seenDead: [SockmapKey: SocketIdentity] = [:]
    private var nextSweep = 0.0

    /// Loads and attaches; from then on the kernel side works.
    ///
    /// - Throws: `GuardError`, `BPFError`, `SystemError`: nothing is attached then.
    public convenience init(map: borrowing OpenSockmap, _ options: Options) throws {
        try self.init(map: map, options, listens: true)
    }

    /// - Parameters:
    ///   - listens: user space takes part. Without, the sock_ops path is all there is.
    ///   - earlier: a pinned guard that this one takes the place of, with its maps and links.
    init(map: borrowing OpenSockmap, _ options: Options, listens: Bool, earlier: PinnedGuard? = nil) throws {
        let description = map.description
        guard description.kind == .sockhash else { throw GuardError.notGuardable(description.id) }
        self.map = description.id
        self.options = options
        state = GuardState(
            map: description.id, mapName: description.name, mode: options.mode, isPinned: !listens,
            since: SystemClock.wall.seconds
        )
        var users = try MapUsers(of: [description])
        users.findAttachments(root: options.root)
        (program, state.reasons) = Self.load(map, options, listens: listens, earlier)
        guard let program else {
            guard listens, options.paths.contains(.sweep) else { throw GuardError.noPath(state.reasons) }
            state.paths = [.sweep]
            return
        }
        if let earlier {
            try earlier.links.forEach(program.replace)
            state.cgroups = earlier.state.cgroups
            state.since = earlier.state.since
            state.paths = [.socketOperations]
            return
        }
        try attach(program, users)
        if listens, options.paths.contains(.sweep) { state.paths.append(.sweep) }
        guard !state.paths.isEmpty else { throw GuardError.noPath(state.reasons) }
    }

    private static func load(
        _ map: borrowing OpenSockmap, _ options: Options, listens: Bool, _ earlier: PinnedGuard?
    ) -> (GuardProgram?, [String]) {
        guard options.paths != [.sweep] else { return (nil, []) }
        do {
            let program = try GuardProgram(
                map: map, mode: options.mode, listens: listens, goingOnFrom: earlier?.folder)
            return (program, [])
        } catch {
            return (nil, ["the guard's programs were refused: \(MissingPrivilege.reason(behind: error))"])
        }
    }

    private func attach(_ program: GuardProgram, _ users: MapUsers) throws {
        if options.paths.contains(.socketOperations) {
            // What replaces a program passes through to it what a guard needs to see with it.
            let choice = GuardPlacement.choose(users.programs + Bypass(root: options.root).stoodInFor(state.map))
            state.reasons += choice.reasons
            for cgroup in choice.cgroups {
                do {
                    try program.attach(toGroup: try options.root.directory(ofCgroup: cgroup))
                    state.cgroups.append(cgroup)
                } catch {
                    state.reasons.append("cgroup \(cgroup): \(MissingPrivilege.reason(behind: error))")
                }
            }
            if !state.cgroups.isEmpty { state.paths.append(.socketOperations) }
        }
        if program.listens, options.paths.contains(.events) {
            do {
                try program.attachEvents()
                state.paths.append(.events)
            } catch {
                state.reasons.append("tracepoint sock:inet_sock_set_state: \(MissingPrivilege.reason(behind: error))")
            }
        }
    }

    // MARK: Working

    /// Takes what the kernel side tells, waiting a moment for it, and deletes what is due.
    ///
    /// - Throws: `BPFError`, `SystemError`: the map cannot be worked on; the kernel side goes on.
    public func work(waiting milliseconds: Int32) throws {
        let wait = pending.values.contains { $0.due <= SystemClock.monotonic.seconds } ? 0 : milliseconds
        if let program {
            try program.consume(waiting: wait, handle)
        } else if wait > 0 {
            usleep(UInt32(wait) * 1000)
        }
        if options.paths.contains(.sweep), SystemClock.monotonic.seconds >= nextSweep {
            try sweep()
            nextSweep = SystemClock.monotonic.seconds + options.sweepEvery
        }
        try deleteDue()
        refresh()
    }

    private func handle(_ event: GuardProgram.Event) {
        switch unstuck_guard_outcome(rawValue: event.outcome) {
        case UNSTUCK_GUARD_HELD, UNSTUCK_GUARD_FILED, UNSTUCK_GUARD_FAILED, UNSTUCK_GUARD_RACED:
            plan(event.entry, by: .events)
        default: break  // done by the kernel side, and counted there
        }
    }

    private func plan(_ entry: SockmapEntry, by path: GuardPath) {
        let now = SystemClock.monotonic.seconds
        guard pending.count < Self.mostPending || pending[entry.key] != nil else { return }  // the sweep comes to it
        if let known = pending[entry.key], known.entry.socket.identity.mayBe(entry.socket.identity) { return }
        pending[entry.key] = Pending(entry: entry, path: path, since: now, due: now)
    }

    private static let mostPending = 65_536
    /// Entries that one pass deletes.
    private static let batch = UNSTUCK_CHECKED_MAX

    private func sweep() throws {
        guard let open = try BPFTable.openSockmap(id: map) else { throw GuardError.gone(map) }
        var dead: [SockmapKey: SocketIdentity] = [:]
        for entry in try observer.entries(of: open) where entry.socket.liveness.isDead {
            dead[entry.key] = entry.socket.identity
            if seenDead[entry.key]?.mayBe(entry.socket.identity) == true { plan(entry, by: .sweep) }
        }
        seenDead = dead
    }

    private func deleteDue() throws {
        let now = SystemClock.monotonic.seconds
        var due = pending.values.filter { $0.due <= now }[...]
        while !due.isEmpty {
            let batch = Array(due.prefix(Self.batch))
            due = due.dropFirst(batch.count)
            try delete(batch)
        }
    }

    private func delete(_ batch: [Pending]) throws {
        if pass == nil {
            guard let open = try BPFTable.openSockmap(id: map) else { throw GuardError.gone(map) }
            pass = RepairPass(map: open, isForFew: true)
        }
        let evicts = state.mode == .evict
        let reports =
            try pass?.run(
                batch.map {
                    .init(
                        key: $0.entry.key, socket: $0.entry.socket.identity, allowUnread: evicts || $0.isLeaked)
                })
            ?? []
        for (var one, report) in zip(batch, reports) {
            let key = one.entry.key
            one.tries += 1
            one.isHeld = false
            switch report.outcome {
            case .deleted:
                pending[key] = nil
                done.remove(one.path)
                if report.unreadBytes > 0, !report.isLeaked {
                    done.evicted += 1
                    done.evictedBytes += UInt64(report.unreadBytes)
                }
            case .gone, .changed:
                pending[key] = nil
            case .revived:
                // The tracepoint runs before the state is stored; later than that it is alive.
                pending[key] = one.tries < 4 ? later(one, after: 0.005) : nil
            case .unread where report.isLeaked:
                one.isLeaked = true
                pending[key] = later(one, after: 0)
            case .unread:
                one.isHeld = true
                one.unreadBytes = report.unreadBytes
                pending[key] = later(one, after: min(2, 0.05 * Double(1 << min(one.tries, 6))))
            case .raced:
                done.raced += 1
                pending[key] = nil
                pass = nil  // it would delete nothing any more
            case .stopped:
                pending[key] = later(one, after: 0.005)
            case .failed, .notHeld:
                done.failed += 1
                pending[key] = later(one, after: 5)
            }
        }
    }

    private func later(_ pending: Pending, after seconds: Double) -> Pending {
        var pending = pending
        pending.due = SystemClock.monotonic.seconds + seconds
        return pending
    }

    private func refresh() {
        var counts = done
        if let program, let kernel = try? program.counts() { counts.add(kernel) }
        state.counts = counts
        let now = SystemClock.monotonic.seconds
        state.held = pending.values.filter(\.isHeld).map {
            GuardState.Held(
                key: $0.entry.key, tuple: $0.entry.socket.tuple, netns: $0.entry.socket.netns,
                unreadBytes: $0.unreadBytes, seconds: now - $0.since)
        }
    }

    public func set(_ mode: GuardMode) throws {
        try program?.set(mode)
        state.mode = mode
    }

    /// Pins what is attached: it goes on when we end.
    func pin(in folder: String) throws { try program?.pin(in: folder) }
}

/// Why a map is not guarded.
public enum GuardError: Error, CustomStringConvertible {
    case notGuardable(UInt32)
    case noPath([String])
    case gone(UInt32)
    case isPinned

    public var description: String {
        switch self {
        case .notGuardable(let map):
            "sockmap \(map) is an array: its owner inserts entries by index; only SOCKHASHes are guarded"
        case .noPath(let reasons): "no path to guard it is open: \(reasons.joined(separator: "; "))"
        case .isPinned: "pinned links guard it already: `unstuck guard up --pin` sets them anew, `guard down` ends them"
        case .gone(let map): "sockmap \(map) has gone"
        }
    }
}
