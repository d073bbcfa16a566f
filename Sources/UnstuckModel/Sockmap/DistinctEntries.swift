/// Entries in the order they came, the first of each key. An open-addressing table of their indices: a `Set` of keys
/// would be a second copy of them, and cost more than decoding.
public struct DistinctEntries: Sendable {
    public private(set) var entries: [SockmapEntry] = []
    /// Below, the index + 1 of the entry whose key belongs here, 0 if none does; above, half of the key's hash, so that
    /// hardly any other key has to be fetched and compared. At most three quarters full, so that it stays in the
    /// processor's cache for long; its size is a power of two.
    private var slots: [UInt64]

    /// - Parameter expected: room to begin with; it grows.
    public init(expected: Int = 0) {
        var size = 16
        while size * 3 < expected * 4 { size *= 2 }
        slots = [UInt64](repeating: 0, count: size)
        entries.reserveCapacity(expected)
    }

    /// Appends an entry unless its key is there already.
    public mutating func append(_ entry: SockmapEntry) {
        let hash = entry.key.quickHash
        guard let slot = freeSlot(for: entry.key, hash) else { return }
        entries.append(entry)
        slots[slot] = Self.slot(hash, index: entries.count - 1)
        if entries.count * 4 > slots.count * 3 { grow() }
    }

    /// Where the key belongs; `nil` if it is there.
    private func freeSlot(for key: SockmapKey, _ hash: UInt64) -> Int? {
        var at = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[at] != 0 {
            let slot = slots[at]
            if slot >> 32 == hash >> 32, entries[Int(slot & 0xFFFF_FFFF) - 1].key == key { return nil }
            at = (at + 1) & (slots.count - 1)
        }
        return at
    }

    private static func slot(_ hash: UInt64, index: Int) -> UInt64 { (hash & ~0xFFFF_FFFF) | UInt64(index + 1) }

    private mutating func grow() {
        slots = [UInt64](repeating: 0, count: slots.count * 2)
        for index in entries.indices {
            let hash = entries[index].key.quickHash
            guard let slot = freeSlot(for: entries[index].key, hash) else { continue }
            slots[slot] = Self.slot(hash, index: index)
        }
    }
}
