import UnstuckModel

/// Entries of sockmaps as rows with a header line, sorted by what their keys name.
public struct EntryText {
    private struct Row {
        var map: UInt32
        var state: EntryState
        var claim: FourTuple?
        var key: SockmapKey
        var socket: KernelSocket?
        var cookie: UInt64?
        var namespaces: [UInt32]
    }

    private let style: Style
    private var rows: [Row] = []

    public init(style: Style) { self.style = style }

    public var isEmpty: Bool { rows.isEmpty }

    /// An entry with the socket behind it.
    public mutating func add(_ entry: SockmapEntry, of map: UInt32, claim: FourTuple?, state: EntryState) {
        let socket = entry.socket
        rows.append(
            Row(map: map, state: state, claim: claim, key: entry.key, socket: socket, namespaces: [socket.netns]))
    }

    /// A key of a walked map, with the namespaces in which a socket has what it names.
    public mutating func add(
        walked entry: WalkedEntry, of map: UInt32, claim: FourTuple?, state: EntryState, namespaces: [UInt32]
    ) {
        rows.append(
            Row(map: map, state: state, claim: claim, key: entry.key, cookie: entry.cookie, namespaces: namespaces))
    }

    /// - Returns: nothing, where there are no entries.
    public func render() -> String {
        guard !rows.isEmpty else { return "" }
        let sorted = rows.sorted { one, other in
            if one.map != other.map { return one.map < other.map }
            guard let claim = one.claim, let next = other.claim else {
                return one.claim == nil && other.claim == nil
                    ? one.key.description < other.key.description : one.claim != nil
            }
            return claim < next
        }
        func column(_ title: String, isNumber: Bool = false, _ cell: (Row) -> String) -> Table.Column {
            .init(title: title, isNumber: isNumber, cells: sorted.map(cell))
        }
        return Table(columns: [
            column("map", isNumber: true) { "\($0.map)" }, column("state", \.state.rawValue),
            column("key") { row in row.claim.map { "\($0.local) <- \($0.remote)" } ?? "\(row.key)" },
            column("socket") { $0.socket.map { "\($0.tuple)" } ?? "" },
            column("TCP state") { $0.socket.map { "\($0.state)" } ?? "" },
            column("unread", isNumber: true) { row in
                row.socket?.psock.map { $0.queuedBytes > 0 ? "\($0.queuedBytes)" : "" } ?? ""
            },
            column("netns") { $0.namespaces.map(String.init).joined(separator: ",") },
            column("inode", isNumber: true) { $0.socket.map { "\($0.inode)" } ?? "" },
            column("cookie", isNumber: true) { $0.cookie.map { "\($0)" } ?? "" },
        ]).lines(style).joined(separator: "\n") + "\n"
    }
}
