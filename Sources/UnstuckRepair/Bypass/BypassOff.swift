import Glibc
import UnstuckKernel
import UnstuckModel

extension Bypass {
    /// Puts everything back: `nil` if nothing of that map's is bypassed. An accelerator that was started anew meanwhile is
    /// left as it is, and its predecessor does not come back.
    ///
    /// - Throws: `BypassError`, `SystemError`: not everything could be put back, or seen to be; all that is needed to try
    ///   again is kept.
    public func off(_ map: UInt32) throws -> BypassState? {
        guard let record = try recordToUndo(map) else {
            PinFolder.remove("\(folder)/\(map)")
            return nil
        }
        let found = look(record)
        var failure: (any Error)?
        for (index, place) in found.places.enumerated()
        where place.condition == .bypassed || place.condition == .handingOn {
            do {
                try putBack(place, try Shim(pinnedIn: pins(map, index)))
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        let state = look(found)
        for place in state.places where ![.original, .changed].contains(place.condition) {
            throw BypassError.unseen(map, place.obstacle ?? "the shim in \(place.cgroup) came back")
        }
        // A socket that is just running through the shim still calls the original by what is pinned.
        usleep(50_000)
        PinFolder.remove("\(folder)/\(map)")
        registry.remove(map)
        return state
    }

    /// The record of what is bypassed; `nil`: nothing is.
    ///
    /// - Throws: `BypassError`: something of ours is pinned, perhaps attached, and its record cannot be read.
    func recordToUndo(_ map: UInt32) throws -> BypassState? {
        if let record = registry.record(of: map) { return record }
        guard !isPinned(map), !registry.exists(map) else { throw BypassError.noRecord(map, registry.path(map)) }
        return nil
    }

    /// Something that may stand in for a program of that map's is pinned.
    func isPinned(_ map: UInt32) -> Bool {
        directoryNames("\(folder)/\(map)").contains { directoryNames("\(folder)/\(map)/\($0)").contains("stand_in") }
    }

    private func putBack(_ place: BypassState.Place, _ shim: Shim) throws {
        let directory = try root.directory(ofCgroup: place.cgroup)
        if !place.restarted.isEmpty, place.link == nil {
            try GroupPrograms.remove(shim.program, fromGroup: directory)
        } else {
            try GroupPrograms.replace(
                shim.program, by: shim.original, link: place.link, mode: place.mode, inGroup: directory)
        }
    }
}
