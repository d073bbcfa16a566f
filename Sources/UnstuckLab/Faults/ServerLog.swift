import UnstuckKernel

/// What a pod's server has said, read as it grows.
struct ServerLog {
    private let path: String

    init(lab: Lab, host: HostID) { path = lab.layout.logPath(host, "serve") }

    /// Whole lines only, from a position on: the last may be half written.
    private func lines(from start: Int) -> [Substring] {
        let text = (readText(path) ?? "").utf8.dropFirst(start)
        return Substring(text).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }

    /// The position behind the last whole line.
    var end: Int {
        let text = (readText(path) ?? "").utf8
        return text.lastIndex(of: UInt8(ascii: "\n")).map { text.distance(from: text.startIndex, to: $0) + 1 } ?? 0
    }

    /// The first line from a position on of which `match` makes something; `nil` if none came in time.
    func wait<Value>(
        from start: Int, within limit: Duration = .patience, for match: (Substring) throws -> Value?
    ) rethrows -> Value? {
        var found: Value?
        _ = try Deadline(after: limit).wait {
            for line in lines(from: start) where found == nil { found = try match(line) }
            return found != nil
        }
        return found
    }
}
