import UnstuckModel

/// The connections of one finding, a row each.
struct ConnectionTable {
    let style: Style
    /// All of them.
    let isVerbose: Bool

    /// Rows that are shown without `-v`.
    private static let rowsShown = 6

    func lines(_ connections: [StuckConnection], indent: Int) -> [String] {
        guard !connections.isEmpty else { return [] }
        let shown = isVerbose ? connections : Array(connections.prefix(Self.rowsShown))
        let lines = Table(columns: columns(shown, room: style.width - indent)).lines(width: style.width, indent: indent)
        let left = connections.count - shown.count
        let more = left > 0 ? [String(repeating: " ", count: indent) + "… and \(left) more (-v)"] : []
        return [style.faint(lines[0])] + (lines.dropFirst() + more).map(style.characters.shown)
    }

    private func columns(_ rows: [StuckConnection], room: Int) -> [Table.Column] {
        let bytes = Table.Column(title: "bytes", isNumber: true, cells: rows.map { "\($0.bytes)" })
        return [
            names(rows, room: room - 2 - max(bytes.title.count, bytes.cells.map(\.count).max() ?? 0)), bytes,
            .init(title: "for", isNumber: true, cells: rows.map { durationText($0.seconds) }),
            .init(title: "Recv-Q c/s", isNumber: true, cells: rows.map { queues($0, \.unreadBytes) }),
            .init(title: "Send-Q c/s", isNumber: true, cells: rows.map { queues($0, \.unacknowledgedBytes) }),
            numbers("redirected", rows) { UInt64($0.redirectedBytes ?? 0) },
            numbers("retransmits", rows) { UInt64($0.retransmits ?? 0) },
            numbers("backoff", rows) { UInt64($0.backoff ?? 0) },
            .init(title: "window", cells: rows.map { $0.ends.contains { $0.sendWindow == 0 } ? "0" : "" }),
            .init(title: "owner", cells: rows.map(owner)),
        ]
    }

    /// Both ends; where these leave no room for anything else, the clients alone: the server is in the finding's first line.
    private func names(_ rows: [StuckConnection], room: Int) -> Table.Column {
        let tuples = rows.map { "\($0.tuple)" }
        guard tuples.allSatisfy({ $0.count <= room }) || Set(rows.map(\.server)).count > 1 else {
            return .init(title: "client", cells: rows.map { "\($0.client)" })
        }
        return .init(title: "connection", cells: tuples)
    }

    /// Of client and server: `0/34`; `?` where it is not known.
    private func queues(_ row: StuckConnection, _ bytes: (StuckConnection.End) -> UInt32?) -> String {
        [StuckConnection.Side.client, .server].map { side in
            row.ends.first { $0.side == side }.flatMap(bytes).map(String.init) ?? "?"
        }.joined(separator: "/")
    }

    /// The larger one of both ends; nothing where it is 0.
    private func numbers(
        _ title: String, _ rows: [StuckConnection], _ value: (StuckConnection.End) -> UInt64
    ) -> Table.Column {
        .init(
            title: title, isNumber: true,
            cells: rows.map { row in
                let most = row.ends.map(value).max() ?? 0
                return most == 0 ? "" : "\(most)"
            })
    }

    /// Of the end that holds the bytes.
    private func owner(_ row: StuckConnection) -> String {
        guard let end = row.ends.first(where: { $0.side == row.place.side }) else { return "" }
        guard end.isAccepted else { return "(not accepted)" }
        return end.holder.map { safeText("\($0.command)[\($0.pid)] fd \($0.descriptor)") } ?? ""
    }
}
