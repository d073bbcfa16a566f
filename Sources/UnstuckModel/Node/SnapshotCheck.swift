extension Bundle {
    /// What is wrong with saved samples, and where, so that no rule has to ask; `nil`: nothing. Anybody may have written them.
    public var flaw: String? {
        for (number, snapshot) in snapshots.enumerated() {
            if let flaw = snapshot.flaw { return "snapshot \(number + 1): \(flaw)" }
        }
        return snapshots.isEmpty ? "it holds no snapshot" : nil
    }
}

/// The first of a list that has the key of one before it.
private func repeated<Value, Key: Hashable>(_ list: [Value], _ key: (Value) -> Key?) -> (index: Int, first: Int)? {
    var seen: [Key: Int] = [:]
    seen.reserveCapacity(list.count)
    for (index, value) in list.enumerated() {
        guard let key = key(value) else { continue }
        if let first = seen.updateValue(index, forKey: key) { return (index, first) }
    }
    return nil
}

extension Snapshot {
    /// Three hundred years and more, in seconds: times that lie within can be counted with.
    private static let longest = 1e10

    fileprivate var flaw: String? {
        guard (0...Self.longest).contains(monotonic), (0...Self.longest).contains(takenAt) else {
            return "it was taken at no time"
        }
        if coverage.lines.contains(where: { !(0...Self.longest).contains($0.takenAt ?? 0) }) {
            return "coverage: something was read at no time"
        }
        return twice ?? flawOfMaps ?? flawOfSockets ?? flawOfPorts
    }

    /// Each of these is one thing of the kernel's, and is there once.
    private var twice: String? {
        func text(_ list: String, _ found: (index: Int, first: Int)?) -> String? {
            found.map { "\(list)[\($0.index)] is the same as \(list)[\($0.first)]" }
        }
        if repeated(sockmaps, \.id) != nil { return "two sockmaps have one id" }
        return text("sockets", repeated(sockets, \.socket.sighting))
            ?? text("namespaces", repeated(namespaces, \.inode))
            ?? text("programs", repeated(programs, \.id)) ?? text("cgroups", repeated(cgroups, \.id))
            ?? text("processes", repeated(processes ?? [], \.pid))
            ?? text("counters", repeated(counters ?? [], \.netns))
    }

    private var flawOfMaps: String? {
        for map in sockmaps {
            if let flaw = map.flaw { return "sockmap \(map.id): \(flaw)" }
            for (index, entry) in map.entries.enumerated() {
                guard let flaw = flaw(of: entry.socket) else { continue }
                return "sockmap \(map.id): entries[\(index)]: \(flaw)"
            }
            if let selectedMaps, !selectedMaps.contains(map.id) {
                return "sockmap \(map.id) is not among those that were selected"
            }
        }
        return nil
    }

    private var flawOfSockets: String? {
        for (index, socket) in sockets.enumerated() {
            if let flaw = flaw(of: socket.socket) { return "sockets[\(index)]: \(flaw)" }
        }
        return nil
    }

    private func flaw(of socket: KernelSocket) -> String? {
        if socket.isTCP, !socket.state.isKnown { return "no TCP socket is in state \(socket.state.rawValue)" }
        if let number = socket.handlers, !handlers.indices.contains(number) {
            return "there are no handlers \(number), only \(handlers.count)"
        }
        return nil
    }

    private var flawOfPorts: String? {
        for namespace in namespaces {
            guard let ports = namespace.localPorts, ports.low > ports.high else { continue }
            return "network namespace \(namespace.inode): no range of ports from \(ports.low) to \(ports.high)"
        }
        return nil
    }
}

extension KernelSocket {
    /// What one socket of a table has alone.
    struct Sighting: Hashable {
        var identity: SocketIdentity
        var tuple: FourTuple
        var netns: UInt32
    }

    /// `nil`: neither cookie nor address are known, so that two may look alike.
    fileprivate var sighting: Sighting? {
        guard identity.cookie != 0 || identity.address != 0 else { return nil }
        return Sighting(identity: identity, tuple: tuple, netns: netns)
    }
}

extension TCPState {
    /// `TCP_BOUND_INACTIVE` (include/net/tcp_states.h) is the last one.
    fileprivate var isKnown: Bool { (1...13).contains(rawValue) }
}

extension Sockmap {
    /// No kernel makes larger ones (`sock_map_alloc`, `sock_hash_alloc`: 32-bit sizes, and none without room).
    private static let most = Int(UInt32.max)
    /// MAX_BPF_STACK; we read no keys of more than ``SockmapKey/longest``, so such a map has no entries here.
    private static let longestKey = 512

    fileprivate var flaw: String? {
        let most = Self.most
        guard (1...Self.longestKey).contains(keySize), (0...most).contains(valueSize), (1...most).contains(maxEntries)
        else {
            return "no map has keys of \(keySize) bytes, values of \(valueSize), and room for \(maxEntries)"
        }
        let keys = entries.lazy.map(\.key.count)
        guard keys.allSatisfy({ $0 == keySize }), walk?.entries.allSatisfy({ $0.key.count == keySize }) ?? true else {
            return "a key does not have \(keySize) bytes"
        }
        // A full map in which entries come and go while it is read shows more than it has room for, but not twice as many.
        guard entries.count / 2 <= maxEntries else { return "\(entries.count) entries, and room for \(maxEntries)" }
        if let found = repeated(entries, \.key) {
            return "entries[\(found.index)] has the key of entries[\(found.first)]"
        }
        if let found = repeated(walk?.entries ?? [], \.key) {
            return "walk.entries[\(found.index)] has the key of walk.entries[\(found.first)]"
        }
        if let keyType {
            guard (0...most).contains(keyType.size),
                keyType.members.allSatisfy({ (0...most).contains($0.offset) && (0...most).contains($0.size) })
            else { return "the type of its keys lies outside of them" }
        }
        return nil
    }
}
