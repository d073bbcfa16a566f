import UnstuckModel

/// Which rows are shown, and in which order.
public struct SocketSelection: Sendable {
    public var filter: SocketFilter
    /// `nil`: as they come.
    public var order: SocketOrder?

    public init(filter: SocketFilter = .all, order: SocketOrder? = nil) {
        self.filter = filter
        self.order = order
    }

    /// The rows of a sample of which the filter holds for one end at least.
    public func rows(of sample: SocketSample) -> [SocketRow] {
        var rows = socketRows(of: sample)
        if filter != .all { rows.removeAll { row in !row.ends.contains { filter.takes(sample.socket($0)) } } }
        return order?.sorted(rows, of: sample) ?? rows
    }
}

/// By which column rows are sorted: a ``SocketField``, the largest first, or a text.
public struct SocketOrder: Sendable, Hashable {
    public enum Column: Sendable, Hashable {
        /// By its place in ``SocketField/all``: the larger number of both ends; rows without one come last.
        case field(Int)
        case connection, state, pod, process, pid, netns

        /// - Returns: `nil`: no column is called so.
        public init?(_ name: String) {
            switch name.lowercased() {
            case "connection": self = .connection
            case "state": self = .state
            case "pod": self = .pod
            case "process": self = .process
            case "pid": self = .pid
            case "netns": self = .netns
            default:
                guard let position = SocketField.position(of: name) else { return nil }
                self = .field(position)
            }
        }
    }

    public var column: Column
    /// The other way round.
    public var isReversed: Bool

    public init(_ column: Column, isReversed: Bool = false) {
        self.column = column
        self.isReversed = isReversed
    }

    /// The names of all columns.
    public static var names: [String] {
        ["connection", "state", "pod", "process", "pid", "netns"] + SocketField.all.map { "\($0.name)" }
    }

    func sorted(_ rows: [SocketRow], of sample: SocketSample) -> [SocketRow] {
        switch column {
        case .field(let position):
            let field = SocketField.all[position]
            return sorted(rows, sample, largestFirst: true) { row in
                row.ends.compactMap { field.value(sample.sockets[$0], sample.details[$0]) }.max()
            }
        case .connection: return sorted(rows, sample) { $0.tuple(in: sample) }
        case .state:
            return sorted(rows, sample) { row in row.ends.map { sample.sockets[$0].socket.state.rawValue }.min() }
        case .pod: return sorted(rows, sample) { row in row.ends.lazy.compactMap { sample.socket($0).pod }.first }
        case .process:
            return sorted(rows, sample) { row in
                row.ends.lazy.compactMap { sample.socket($0).owners.first?.command }.first
            }
        case .pid:
            return sorted(rows, sample) { row in row.ends.lazy.compactMap { sample.socket($0).owners.first?.pid }.first
            }
        case .netns: return sorted(rows, sample) { row in row.ends.map { sample.sockets[$0].socket.netns }.min() }
        }
    }

    /// Rows without a key come last, either way; equal ones in the order of their connections.
    private func sorted<Key: Comparable>(
        _ rows: [SocketRow], _ sample: SocketSample, largestFirst: Bool = false, _ key: (SocketRow) -> Key?
    ) -> [SocketRow] {
        let isDescending = largestFirst != isReversed
        let keyed = rows.map { (key: key($0), tuple: $0.tuple(in: sample), row: $0) }
        return keyed.sorted { one, other in
            switch (one.key, other.key) {
            case (nil, nil): return one.tuple < other.tuple
            case (nil, _): return false
            case (_, nil): return true
            case (.some(let left), .some(let right)):
                if left == right { return one.tuple < other.tuple }
                return isDescending ? right < left : left < right
            }
        }.map(\.row)
    }
}
