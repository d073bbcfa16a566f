import UnstuckModel

/// The samples before the newest one, of the same boot, oldest first.
struct History: Sendable {
    let samples: [Snapshot]
    private let sockets: [HashIndex]
    private let seenDead: [UInt32: [SockmapKey: SeenDead]]
    private let unseen: [UInt32: [SockmapKey: ClassifiedKey.Unseen]]

    private struct SeenDead: Sendable {
        var identity: SocketIdentity
        var monotonic: Double
    }

    /// - Parameter hasWalkedKeys: keys without sockets are looked for in earlier samples, too.
    init(_ samples: [Snapshot], hasWalkedKeys: Bool) {
        self.samples = samples
        sockets = samples.map { SocketIndex.byTuple($0.sockets) }
        seenDead = Self.seenDead(in: samples)
        unseen = hasWalkedKeys ? ClassifiedKey.unseen(in: samples) : [:]
    }

    /// The same socket in an earlier sample.
    func socket(_ socket: TCPSocket, in sample: Int) -> TCPSocket? {
        let earlier = samples[sample].sockets
        return sockets[sample].first(socket.socket.tuple.quickHash) { earlier[$0].isSame(as: socket) }.map {
            earlier[$0]
        }
    }

    /// When the same socket was first seen dead in this entry.
    func seenDead(_ entry: SockmapIndex.ClassifiedEntry) -> Double? {
        guard let before = seenDead[entry.map.id]?[entry.entry.key],
            before.identity == entry.entry.socket.identity
        else { return nil }
        return before.monotonic
    }

    /// Since when a walked key has named no socket, in every sample; `nil`: it was not looked for before.
    func unseen(_ key: ClassifiedKey) -> Double? {
        guard let before = unseen[key.map.id]?[key.entry.key], before.cookie == key.entry.cookie else { return nil }
        return before.monotonic
    }

    private static func seenDead(in looks: [Snapshot]) -> [UInt32: [SockmapKey: SeenDead]] {
        var result: [UInt32: [SockmapKey: SeenDead]] = [:]
        for look in looks {
            for map in look.sockmaps {
                var dead = result[map.id] ?? [:]
                for entry in map.entries {
                    guard entry.socket.liveness.isDead else {
                        // One that lives: what was seen before counts no more.
                        if !dead.isEmpty { dead[entry.key] = nil }
                        continue
                    }
                    // The earliest sighting of the same socket is kept.
                    if dead[entry.key]?.identity != entry.socket.identity {
                        dead[entry.key] = SeenDead(identity: entry.socket.identity, monotonic: look.monotonic)
                    }
                }
                result[map.id] = dead
            }
        }
        return result
    }
}
