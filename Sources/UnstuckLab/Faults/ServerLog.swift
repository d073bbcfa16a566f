import UnstuckKernel

/// What a pod's server has said, read as it grows.
struct ServerLog {
    private let path: String

    init(lab: Lab, host: HostID) { path = lab.layout.logPath(host, "serve") }

    /// Whole lines only: the last may be half written.
    private var lines: [Substring] {
        (readText(path) ?? "").split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }

    var lineCount: Int { lines.count }

    /// The first line from `start` on of which `match` makes something; `nil` if none came in time.
    func wait<Value>(
        from start: Int, within limit: Duration = .seconds(3), for match: (Substring) throws -> Value?
    ) rethrows -> Value? {
        var found: Value?
        _ = try Deadline(after: limit).wait {
            for line in lines.dropFirst(start) where found == nil { found = try match(line) }
            return found != nil
        }
        return found
    }
}
