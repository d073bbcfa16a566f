/// What a kernel answered when it was asked whether it has something, and how that is known.
public struct Support: Hashable, Sendable, Codable {
    /// *Inconclusive* is never shown as *unsupported*: something else was in the way.
    public enum Answer: String, Sendable, Codable, CaseIterable { case supported, unsupported, inconclusive }

    public var answer: Answer
    /// What was tried or read, and what came of it.
    public var how: String

    public init(_ answer: Answer, _ how: String) {
        self.answer = answer
        self.how = how
    }

    public static func supported(_ how: String) -> Support { Support(.supported, how) }
    public static func unsupported(_ how: String) -> Support { Support(.unsupported, how) }
    public static func inconclusive(_ how: String) -> Support { Support(.inconclusive, how) }
}
