extension Bundle {
    /// What is wrong with saved looks, so that no rule has to ask; `nil`: nothing. Anybody may have written them.
    public var flaw: String? {
        for (number, look) in snapshots.enumerated() {
            if let flaw = look.flaw { return "snapshot \(number + 1): \(flaw)" }
        }
        return snapshots.isEmpty ? "it holds no snapshot" : nil
    }
}

extension Snapshot {
    /// Three hundred years and more, in seconds: times that lie within can be counted with.
    private static let longest = 1e10

    fileprivate var flaw: String? {
        guard (0...Self.longest).contains(monotonic), (0...Self.longest).contains(takenAt) else {
            return "it was taken at no time"
        }
        guard Set(sockmaps.map(\.id)).count == sockmaps.count else { return "two sockmaps have one id" }
        for map in sockmaps {
            if let flaw = map.flaw { return "sockmap \(map.id): \(flaw)" }
        }
        for namespace in namespaces {
            guard let ports = namespace.localPorts, ports.low > ports.high else { continue }
            return "network namespace \(namespace.inode): no range of ports from \(ports.low) to \(ports.high)"
        }
        return nil
    }

    /// Looks at one node, oldest first, the boot that was seen last behind the others. Within a boot the monotonic clock
    /// tells, which nobody sets.
    public static func inOrder(_ looks: [Snapshot]) -> [Snapshot] {
        let last = Dictionary(looks.map { ($0.boot, $0.takenAt) }, uniquingKeysWith: max)
        func rank(_ look: Snapshot) -> (Double, String, Double) { (last[look.boot] ?? 0, look.boot, look.monotonic) }
        return looks.sorted { rank($0) < rank($1) }
    }
}

extension Sockmap {
    /// No kernel makes larger ones (`sock_map_alloc`, `sock_hash_alloc`: 32-bit sizes).
    private static let most = Int(UInt32.max)
    /// MAX_BPF_STACK; we read no keys of more than ``SockmapKey/longest``, so such a map has no entries here.
    private static let longestKey = 512

    fileprivate var flaw: String? {
        let most = Self.most
        guard (1...Self.longestKey).contains(keySize), (0...most).contains(valueSize), (0...most).contains(maxEntries)
        else {
            return "no map has keys of \(keySize) bytes, values of \(valueSize), and room for \(maxEntries)"
        }
        let keys = entries.lazy.map(\.key.count)
        guard keys.allSatisfy({ $0 == keySize }), walk?.entries.allSatisfy({ $0.key.count == keySize }) ?? true else {
            return "a key does not have \(keySize) bytes"
        }
        if let keyType {
            guard (0...most).contains(keyType.size),
                keyType.members.allSatisfy({ (0...most).contains($0.offset) && (0...most).contains($0.size) })
            else { return "the type of its keys lies outside of them" }
        }
        return nil
    }
}
