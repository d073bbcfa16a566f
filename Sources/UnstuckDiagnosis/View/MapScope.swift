import UnstuckModel

/// Sockets that have to do with the maps that were chosen (`--map`): those behind an entry, and those that a key names.
struct MapScope: Sendable {
    private var claims = Set<FourTuple>()
    private var inodes = Set<UInt64>()

    init(_ sockmaps: SockmapIndex) {
        for entry in sockmaps.entries {
            if let claim = entry.claim { claims.insert(claim) }
            if entry.entry.socket.inode != 0 { inodes.insert(entry.entry.socket.inode) }
        }
        for key in sockmaps.walked { if let claim = key.claim { claims.insert(claim) } }
    }

    func holds(_ socket: KernelSocket) -> Bool {
        inodes.contains(socket.inode) || claims.contains(socket.tuple) || claims.contains(socket.tuple.reversed)
    }
}
