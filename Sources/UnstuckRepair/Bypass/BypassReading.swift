import Glibc
import UnstuckKernel
import UnstuckModel

extension Bypass {
    /// What is bypassed, as it is now, and what of it cannot be seen, in words: records that cannot be read, pins without a
    /// record, folders that are not ours to look into.
    public func states() -> (states: [BypassState], unseen: [String]) {
        let (records, unreadable) = registry.read()
        var unseen = unreadable.map { "\($0) cannot be read" }
        do {
            let recorded = Set(records.map(\.map))
            for map in try readDirectory(folder).compactMap({ UInt32($0) }).sorted()
            where !recorded.contains(map) && isPinned(map) && !registry.exists(map) {
                unseen.append("\(BypassError.noRecord(map, registry.path(map)))")
            }
        } catch {
            unseen.append(MissingPrivilege.words(for: error))
        }
        do {
            _ = try MapUsers.programs(named: [])
        } catch {
            unseen.append("whether a program is replaced cannot be seen: \(MissingPrivilege.words(for: error))")
        }
        return (records.map(look), unseen)
    }

    /// The programs of a bypassed map that are attached nowhere themselves, with the attachments of what replaces them.
    func stoodInFor(_ map: UInt32) -> [BPFProgram] {
        (registry.record(of: map).map(look)?.places ?? []).compactMap { place in
            guard place.condition == .bypassed || place.condition == .handingOn else { return nil }
            let attachment = ProgramAttachment(
                cgroup: place.cgroup, hook: "sock_ops", mode: place.mode, link: place.link)
            return BPFProgram(
                id: place.original, name: place.originalName, maps: [map], type: "sock_ops", attachments: [attachment])
        }
    }

    func look(_ record: BypassState) -> BypassState {
        var state = record
        if !isKept(state) { (state.keeper, state.keeperStart) = (nil, nil) }
        for index in state.places.indices { look(at: &state.places[index], state, pins(state.map, index)) }
        return state
    }

    private func look(at place: inout BypassState.Place, _ state: BypassState, _ pins: String) {
        place.restarted = []
        do {
            if let shim = try shim(in: pins) {
                place.shim = shim.program.id
                place.notInserted = try shim.notInserted()
            }
            guard let list = try list(at: place) else {
                (place.now, place.condition) = ([], .changed)
                return
            }
            place.now = Self.withoutGuards(list.ids)
            place.restarted = restarted(at: place)
            if let id = place.shim, list.ids.contains(id) {
                let isOver = state.deadline.map { Self.now >= $0 } ?? false
                place.condition = isOver && place.passesThrough ? .handingOn : .bypassed
            } else {
                // Others may have come beside what was there.
                let isThere = place.now.filter(place.before.contains) == place.before && list.mode == place.mode
                place.condition = isThere ? .original : .changed
            }
        } catch {
            place.condition = .unknown
            place.obstacle = "\(error)"
        }
    }

    /// `nil`: it was never completed, so it is attached nowhere.
    private func shim(in pins: String) throws -> Shim? {
        directoryNames(pins).contains("stand_in") ? try Shim(pinnedIn: pins) : nil
    }

    /// The programs of a place's cgroup; `nil`: it has gone, and its attachments with it. That a path is not there proves
    /// nothing: only a mount that shows the whole hierarchy, from its root on (inode 1), can tell.
    private func list(at place: BypassState.Place) throws -> GroupPrograms? {
        if let directory = try? root.directory(ofCgroup: place.cgroup), inodeNumber(directory) == place.group {
            return try GroupPrograms(inGroup: directory)
        }
        guard try inodeNumber(root.directory(ofCgroup: "/")) == 1 else {
            throw SystemError("find", "cgroup v2 \(place.cgroup) (not all cgroups are seen from here)", errno: ENOENT)
        }
        return nil
    }

    /// Programs of the original's name that came since.
    private func restarted(at place: BypassState.Place) -> [UInt32] {
        place.now.filter { id in
            !place.before.contains(id) && id != place.shim
                && (try? BPFTable.Loaded(id: id))?.name == place.originalName
        }
    }
}
