/// What `unstuck repair` does only when it is asked to, each by a flag of its own. In the order in which a command names
/// them.
public enum RepairOption: String, Sendable, Codable, CaseIterable, Comparable {
    /// Deletes entries whose sockets were not seen, by key.
    case withoutIterator = "--without-iterator"
    /// Deletes entries whose key layout was inferred, not declared.
    case acceptInferred = "--accept-inferred"
    /// Deletes zombies with unread bytes that no live connection claims; the bytes are lost.
    case discardUnread = "--discard-unread"
    /// Resets connections that have lost bytes.
    case resetStuck = "--reset-stuck"
    /// Goes on although more than half of a map is stale.
    case force = "--force"

    public static func < (one: RepairOption, other: RepairOption) -> Bool { one.order < other.order }

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
