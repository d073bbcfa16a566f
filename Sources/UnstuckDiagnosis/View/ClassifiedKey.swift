import UnstuckModel

/// A key of a walked map with its classification.
public struct ClassifiedKey: Sendable {
    /// Without its entries.
    public var map: Sockmap
    public var entry: WalkedEntry
    public var claim: FourTuple?
    public var state: EntryState
    /// Inodes of the namespaces in which a socket has what the key names.
    public var namespaces: [UInt32]

    public var reference: EntryReference {
        EntryReference(map: map.id, key: entry.key, socket: entry.socket)
    }

    /// An earlier look that saw no socket of a key.
    struct Unseen: Sendable {
        var cookie: UInt64?
        var monotonic: Double
    }

    /// Every key of a look's walked maps, and how each map's keys are read.
    static func classify(_ look: Snapshot) -> (checked: [ClassifiedKey], layouts: [UInt32: LayoutDecision]) {
        var checked: [ClassifiedKey] = []
        var layouts: [UInt32: LayoutDecision] = [:]
        guard look.sockmaps.contains(where: { $0.walk != nil }) else { return ([], [:]) }
        let seen = SeenSockets(look)
        for map in look.sockmaps {
            guard let walk = map.walk else { continue }
            let evaluate = WalkedMap(map, seen: seen)
            layouts[map.id] = evaluate.decision
            var bare = map
            bare.walk = SockmapWalk(isComplete: walk.isComplete, restarts: walk.restarts)
            for entry in walk.entries {
                let verdict = evaluate.classify(entry)
                checked.append(
                    ClassifiedKey(
                        map: bare, entry: entry, claim: verdict.claim, state: verdict.state,
                        namespaces: Set(verdict.sockets.map { seen.sockets[$0].socket.netns }).sorted()))
            }
        }
        return (checked, layouts)
    }

    /// Since when no socket was seen of each key, without a look in between that saw one or could not tell.
    static func unseen(in looks: [Snapshot]) -> [UInt32: [SockmapKey: Unseen]] {
        var result: [UInt32: [SockmapKey: Unseen]] = [:]
        for look in looks {
            var now: [UInt32: [SockmapKey: Unseen]] = [:]
            for key in classify(look).checked where key.state == .unseen {
                let before = result[key.map.id]?[key.entry.key]
                now[key.map.id, default: [:]][key.entry.key] =
                    before?.cookie == key.entry.cookie && before != nil
                    ? before : Unseen(cookie: key.entry.cookie, monotonic: look.monotonic)
            }
            result = now
        }
        return result
    }
}
