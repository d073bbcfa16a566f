import UnstuckModel

/// Two connections side by side, an end below the other: what each number was, and what it moved by.
public struct ComparisonText {
    public struct Subject {
        public var name: String
        public var connection: FourTuple
        public var ends: [End]

        public init(name: String, connection: FourTuple, ends: [End]) {
            self.name = name
            self.connection = connection
            self.ends = ends
        }
    }

    public struct End {
        public var side: String
        public var state: String
        public var stateAfter: String?
        public var pod: String?
        public var handlers: [String]
        public var owners: [String]
        public var values: [String: (before: UInt64?, after: UInt64?)]

        public init(
            side: String, state: String, stateAfter: String?, pod: String?, handlers: [String], owners: [String],
            values: [String: (before: UInt64?, after: UInt64?)]
        ) {
            self.side = side
            self.state = state
            self.stateAfter = stateAfter
            self.pod = pod
            self.handlers = handlers
            self.owners = owners
            self.values = values
        }
    }

    private let style: Style
    /// Fields that are alike and did not move, too.
    private let isVerbose: Bool

    public init(style: Style, isVerbose: Bool) {
        self.style = style
        self.isVerbose = isVerbose
    }

    /// - Parameter subjects: two of them.
    public func render(_ subjects: [Subject], seconds: Double) -> String {
        var lines = subjects.map { style.bold($0.name) + "  \($0.connection)" }
        for side in ["client", "server"] {
            let ends = subjects.map { subject in subject.ends.first { $0.side == side } }
            guard ends.contains(where: { $0 != nil }) else { continue }
            lines += ["", style.bold(side)] + table(subjects.map(\.name), ends).lines(style, indent: 2)
            lines += movedInOne(subjects.map(\.name), ends, seconds)
        }
        return lines.map { style.characters.shown($0) + "\n" }.joined()
    }

    private func table(_ names: [String], _ ends: [End?]) -> Table {
        var labels: [String] = []
        var cells: [[(value: String, moved: String)]] = []
        func add(_ label: String, _ row: [(value: String, moved: String)]) {
            labels.append(label)
            cells.append(row)
        }
        add("state", ends.map { end in (end?.state ?? "not on this node", end.map(Self.change) ?? "") })
        for (label, text) in [
            ("pod", { (end: End) in end.pod ?? "" }), ("handlers", { $0.handlers.joined(separator: ", ") }),
            ("owner", { $0.owners.joined(separator: ", ") }),
        ] {
            let row = ends.map { end in (value: end.map { safeText(text($0)) } ?? "", moved: "") }
            if row.contains(where: { !$0.value.isEmpty }) { add(label, row) }
        }
        for field in SocketField.all {
            let values = ends.map { $0?.values["\(field.name)"] }
            guard values.contains(where: { $0 != nil }) else { continue }
            let moved = values.map { value in value.flatMap { Self.difference($0.before, $0.after) } ?? "" }
            let isPlain = Set(values.map { $0?.before }).count == 1 && moved.allSatisfy(\.isEmpty)
            if isPlain, !isVerbose { continue }
            add(
                "\(field.name)",
                zip(values, moved).map { value, moved in (value?.before.map(String.init) ?? "", moved) })
        }
        var columns: [Table.Column] = [.init(title: "", cells: labels)]
        for (position, name) in names.enumerated() {
            columns.append(.init(title: name, isNumber: false, cells: cells.map { $0[position].value }))
            columns.append(.init(title: "\(name) moved", isNumber: false, cells: cells.map { $0[position].moved }))
        }
        return Table(columns: columns)
    }

    private static func change(_ end: End) -> String {
        guard let after = end.stateAfter else { return "gone" }
        return after == end.state ? "" : "-> \(after)"
    }

    private static func difference(_ before: UInt64?, _ after: UInt64?) -> String? {
        guard let before, let after, before != after else { return nil }
        return after > before ? "+\(after - before)" : "-\(before - after)"
    }

    /// The sentence that says what the numbers above come to.
    private func movedInOne(_ names: [String], _ ends: [End?], _ seconds: Double) -> [String] {
        let counters = SocketField.all.filter(\.isCounter).map { "\($0.name)" }
        func moved(_ end: End?) -> [String] {
            counters.filter { name in end?.values[name].flatMap { Self.difference($0.before, $0.after) } != nil }
        }
        return zip(names, ends).flatMap { name, end -> [String] in
            guard end != nil else { return [] }
            let fields = moved(end)
            let what = fields.isEmpty ? "no counter moved" : "moved: \(fields.joined(separator: ", "))"
            return style.paragraph("\(name): in \(durationText(seconds)) \(what)", margin: 2)
        }
    }
}
