import CLibBPF
import Glibc
import UnstuckKernel
import UnstuckModel

/// A real map with live connections and zombies, all held by this process.
public final class DeadMap {
    public let map: TestMap
    public private(set) var dead: [SocketPair] = []
    public private(set) var live: [SocketPair] = []

    /// - Parameters:
    ///   - live: connections; each files both of its ends. More than half as many as there are zombies, and the map does
    ///     not look mostly dead.
    ///   - valueSize: as of ``TestMap``.
    public init(dead count: Int, live: Int, valueSize: UInt32 = 4) throws {
        map = try TestMap(valueSize: valueSize, maxEntries: 4096)
        for _ in 0..<live { try addLive() }
        for _ in 0..<count { try addDead() }
    }

    @discardableResult
    public func addLive() throws -> SocketPair {
        let pair = try SocketPair()
        try map.put(pair.server, as: pair.tuple)
        try map.put(pair.client, as: pair.tuple.reversed)
        live.append(pair)
        return pair
    }

    @discardableResult
    public func addDead() throws -> SocketPair {
        let pair = try SocketPair()
        try map.put(pair.server, as: pair.tuple)
        try pair.resetByClient()
        dead.append(pair)
        return pair
    }

    /// The zombie that a key, as the programs print it, leads to.
    public func dead(under key: String) -> SocketPair? { dead.first { Self.key($0.tuple) == key } }

    /// As the programs print it.
    public static func key(_ tuple: FourTuple) -> String {
        SockmapKey(KeyLayout.cilium.encode(tuple) ?? []).description
    }

    public var deadEntries: Int {
        get throws { try map.entries.count { $0.socket.liveness.isDead } }
    }

    /// Loaded programs that use the map: while it is repaired, and never afterwards.
    public var programs: [UInt32] {
        get throws {
            guard let open = try BPFTable.openSockmap(id: map.id) else { return [] }
            return try MapUsers(of: [open.description]).programs.map(\.id)
        }
    }
}
