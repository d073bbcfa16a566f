/// At most so many steps within any minute. The caller brings the clock, which must not run backwards.
public struct RateLimiter: Sendable {
    private static let window = 60.0

    /// 0: no cap.
    public let perMinute: Int
    /// What was taken within the last minute, oldest first.
    private var taken: [(at: Double, count: Int)] = []

    public init(perMinute: Int) { self.perMinute = perMinute }

    /// Takes as many of `wanted` steps as may be taken now.
    ///
    /// - Parameter now: monotonic seconds.
    public mutating func permit(_ wanted: Int, at now: Double) -> Int {
        guard perMinute > 0 else { return wanted }
        taken.removeAll { now - $0.at >= Self.window }
        let granted = min(wanted, perMinute - taken.reduce(0) { $0 + $1.count })
        guard granted > 0 else { return 0 }
        taken.append((now, granted))
        return granted
    }

    /// Seconds until another step may be taken; 0 now.
    public func wait(at now: Double) -> Double {
        guard perMinute > 0, taken.reduce(0, { $0 + $1.count }) >= perMinute else { return 0 }
        return taken.first.map { max(0, $0.at + Self.window - now) } ?? 0
    }
}
