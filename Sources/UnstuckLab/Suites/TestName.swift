/// Which test: `UnstuckRepairTests.RepairTests/twoRunsDoNotMeet()`.
public struct TestName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Module and suites.
    public var suite: String
    /// The function with its labels.
    public var function: String

    public init(suite: String, function: String) {
        self.suite = suite
        self.function = function
    }

    /// A test's identifier in an event stream, which ends with its place in the source; `nil` for a suite's.
    init?(id: String) {
        let parts = id.split(separator: "/").map(String.init)
        guard let place = parts.last, place.contains(".swift:") else { return nil }
        let path = parts.dropLast()
        // A function without a suite follows its module's name at once.
        if path.count == 1, let dot = path[0].firstIndex(of: ".") {
            suite = String(path[0][..<dot])
            function = String(path[0][path[0].index(after: dot)...])
        } else if let last = path.last, path.count > 1 {
            suite = path.dropLast().joined(separator: "/")
            function = last
        } else {
            return nil
        }
    }

    public var description: String { "\(suite)/\(function)" }

    public static func < (one: Self, other: Self) -> Bool {
        (one.suite, one.function) < (other.suite, other.function)
    }
}
