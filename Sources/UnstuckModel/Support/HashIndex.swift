/// Finds the elements of a list by a hash of theirs: what a dictionary of arrays does, without an array for each key and
/// without a copy of the key. The list stays where it is; anyone who asks compares.
public struct HashIndex: Sendable {
    private static let none = Int32(-1)
    /// The first position of each chain; a power of two of them.
    private var heads: [Int32]
    /// For each position the next one of its chain.
    private var next: [Int32]

    /// - Parameter hash: of the element at a position; `nil` leaves it out.
    /// - Precondition: `count` fits 31 bits.
    public init(count: Int, hash: (Int) -> UInt64?) {
        var size = 16
        while size < count { size *= 2 }
        heads = [Int32](repeating: Self.none, count: size)
        next = [Int32](repeating: Self.none, count: count)
        // From the last on, so that a chain begins with the first.
        for position in stride(from: count - 1, through: 0, by: -1) {
            guard let hash = hash(position) else { continue }
            let slot = Int(truncatingIfNeeded: hash) & (size - 1)
            next[position] = heads[slot]
            heads[slot] = Int32(position)
        }
    }

    /// The first position, in the list's order, whose hash may be this one and that `matches`.
    public func first(_ hash: UInt64, where matches: (Int) -> Bool) -> Int? {
        var position = heads[Int(truncatingIfNeeded: hash) & (heads.count - 1)]
        while position != Self.none {
            if matches(Int(position)) { return Int(position) }
            position = next[Int(position)]
        }
        return nil
    }

    /// All of them.
    public func all(_ hash: UInt64, where matches: (Int) -> Bool) -> [Int] {
        var found: [Int] = []
        _ = first(hash) { position in
            if matches(position) { found.append(position) }
            return false
        }
        return found
    }
}
