import UnstuckModel

/// Rows of `unstuck sockets` as tables: connections, both ends in one row, then listeners.
public struct SocketText {
    /// What is shown of one row.
    public struct Row {
        public var client: Int?
        public var server: Int?
        public var tuple: FourTuple

        public init(client: Int?, server: Int?, tuple: FourTuple) {
            self.client = client
            self.server = server
            self.tuple = tuple
        }
    }

    private let style: Style
    /// With everything that is known of each end below its row.
    private let isVerbose: Bool

    public init(style: Style, isVerbose: Bool = false) {
        self.style = style
        self.isVerbose = isVerbose
    }

    /// - Parameters:
    ///   - moves: of a socket since the sample before, `nil` for one that was not there; itself `nil`: there is no sample before.
    /// - Returns: nothing, where there are no rows.
    public func render(_ rows: [Row], of sample: SocketSample, moves: ((Int) -> [SocketMove]?)? = nil) -> String {
        func isListener(_ row: Row) -> Bool {
            row.client == nil && row.server.map { sample.sockets[$0].socket.state == .listen } ?? false
        }
        let listeners = rows.filter(isListener)
        let connections = listeners.isEmpty ? rows : rows.filter { !isListener($0) }
        var lines: [String] = []
        if !connections.isEmpty {
            lines += table(connections, connectionColumns(connections, sample, moves), sample)
        }
        if !listeners.isEmpty {
            if !lines.isEmpty { lines.append("") }
            lines += table(listeners, listenerColumns(listeners, sample), sample)
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func table(_ rows: [Row], _ columns: [Table.Column], _ sample: SocketSample) -> [String] {
        let lines = Table(columns: columns).lines(style)
        guard isVerbose else { return lines }
        return [lines[0]]
            + zip(lines.dropFirst(), rows).flatMap { line, row in [line] + everything(row, sample) }
    }

    // MARK: Columns

    private func connectionColumns(
        _ rows: [Row], _ sample: SocketSample, _ moves: ((Int) -> [SocketMove]?)?
    ) -> [Table.Column] {
        func both(_ title: String, isNumber: Bool = true, _ text: (TCPSocket, SocketDetails) -> String?) -> Table.Column
        {
            .init(
                title: title, isNumber: isNumber,
                cells: rows.map { row in
                    Self.joined(row) { text(sample.sockets[$0], sample.details[$0]) }
                })
        }
        var columns: [Table.Column] = [
            .init(title: "connection", cells: rows.map { "\($0.tuple)" }),
            both("state", isNumber: false) { socket, _ in socket.socket.state.shownName },
        ]
        if let moves {
            columns.append(.init(title: "moved", cells: rows.map { Self.moved($0, moves) }))
        }
        columns += [
            both("Recv-Q") { socket, _ in socket.receiveQueue.map(String.init) },
            both("Send-Q") { socket, _ in socket.sendQueue.map(String.init) },
            both("redirected") { socket, _ in
                socket.socket.psock.map { "\($0.queuedBytes)\($0.isPartial ? "+" : "")" }
            },
            both("sent again") { socket, _ in socket.retransmits.flatMap { $0 == 0 ? nil : "\($0)" } },
            both("silent for") { socket, details in
                Self.silence(socket, details).map { durationText(Double($0) / 1000) }
            },
            both("timer", isNumber: false) { _, details in details.timer.flatMap(Self.text) },
        ]
        columns += placeColumns(rows, sample)
        return columns + [
            both("handlers", isNumber: false) { socket, _ in
                socket.socket.handlers.flatMap { Self.handlers($0, sample) }
            },
            both("segs out") { socket, _ in socket.segmentsOut.map(String.init) },
            both("segs in") { socket, _ in socket.segmentsIn.map(String.init) },
            both("rtt") { _, details in details.roundTrip.map(Self.milliseconds) },
            both("cwnd") { _, details in details.congestionWindow.map(String.init) },
            both("limited by", isNumber: false) { _, details in Self.limit(details) },
        ]
    }

    private func listenerColumns(_ rows: [Row], _ sample: SocketSample) -> [Table.Column] {
        let listeners = rows.compactMap(\.server)
        return [
            .init(title: "listener", cells: listeners.map { "\(sample.sockets[$0].socket.tuple.local)" }),
            .init(
                title: "waiting", isNumber: true,
                cells: listeners.map { sample.sockets[$0].acceptQueue.map(String.init) ?? "" }),
            // One more than the backlog may wait (sk_acceptq_is_full, include/net/sock.h).
            .init(
                title: "backlog", isNumber: true,
                cells: listeners.map { sample.sockets[$0].acceptLimit.map(String.init) ?? "" }),
            .init(
                title: "drops", isNumber: true,
                cells: listeners.map { sample.details[$0].memory?.drops.flatMap { $0 == 0 ? nil : "\($0)" } ?? "" }),
        ] + placeColumns(rows, sample)
    }

    private func placeColumns(_ rows: [Row], _ sample: SocketSample) -> [Table.Column] {
        func both(_ title: String, _ text: (SocketView) -> String?) -> Table.Column {
            .init(title: title, cells: rows.map { row in Self.joined(row) { text(sample.socket($0)) } })
        }
        return [
            both("pod") { $0.pod.map(safeText) },
            both("owner") { Self.owner($0) },
            both("netns") { socket in safeText(socket.namespaceName ?? "\(socket.tcp.socket.netns)") },
        ]
    }

    /// Of client and server: `ESTABLISHED/CLOSE_WAIT`, once where both are alike; `-` where one of them is not known.
    private static func joined(_ row: Row, _ text: (Int) -> String?) -> String {
        let client = row.client.map(text)
        let server = row.server.map(text)
        switch (client, server) {
        case (.some(let client), .some(let server)):
            if client == server { return client ?? "" }
            return "\(client ?? "-")/\(server ?? "-")"
        case (.some(let one), nil), (nil, .some(let one)): return one ?? ""
        case (nil, nil): return ""
        }
    }

    private static func moved(_ row: Row, _ moves: (Int) -> [SocketMove]?) -> String {
        var parts: [String] = []
        for (position, side) in [(row.client, "client"), (row.server, "server")] {
            guard let position else { continue }
            guard let moves = moves(position) else {
                parts.append("\(side) new")
                continue
            }
            let shown = moves.filter { $0.field.unit != .microseconds }.map { "\($0.field.name) +\($0.by)" }
            if !shown.isEmpty { parts.append("\(side) \(shown.joined(separator: ", "))") }
        }
        return parts.isEmpty ? "nothing" : parts.joined(separator: "; ")
    }

    // MARK: Words

    private static func milliseconds(_ microseconds: UInt32) -> String {
        let thousandths = microseconds % 1000
        let digits = String(thousandths)
        return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits) ms"
    }

    private static func text(_ timer: SocketDetails.Timer) -> String? {
        guard timer.kind != .none else { return nil }
        let left = timer.left.map { " \(durationText(Double($0) / 1000))" } ?? ""
        return "\(timer.kind.name)\(left)" + (timer.count > 0 ? " x\(timer.count)" : "")
    }

    /// Milliseconds since anything was sent, or arrived.
    private static func silence(_ socket: TCPSocket, _ details: SocketDetails) -> UInt32? {
        [socket.millisecondsSinceSend, socket.millisecondsSinceReceive, details.millisecondsSinceAck].compactMap { $0 }
            .min()
    }

    /// What held sending up, of the time in which there was something to send: `peer's window 98 %`.
    private static func limit(_ details: SocketDetails) -> String? {
        guard let busy = details.busy, busy > 0 else { return nil }
        var parts: [String] = []
        for (name, time) in [("peer's window", details.windowLimited), ("send buffer", details.bufferLimited)] {
            guard let time, time > 0 else { continue }
            parts.append("\(name) \(time * 100 / busy) %")
        }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private static func handlers(_ index: Int, _ sample: SocketSample) -> String? {
        guard sample.handlers.indices.contains(index) else { return nil }
        return sample.handlers[index].recvmsg.map(safeText)
    }

    /// `web[2210] fd 17`, and how many more there are.
    private static func owner(_ socket: SocketView) -> String? {
        let owners = socket.owners
        guard let first = owners.first else { return nil }
        let more = owners.count > 1 ? " and \(owners.count - 1) more" : ""
        return safeText("\(first.command)[\(first.pid)] fd \(first.descriptor)") + more
    }

    // MARK: Everything

    private func everything(_ row: Row, _ sample: SocketSample) -> [String] {
        var lines = LabelledLines(style)
        let isListener = row.client == nil && row.server.map { sample.sockets[$0].socket.state == .listen } ?? false
        for (position, side) in [(row.client, "client"), (row.server, isListener ? "listener" : "server")] {
            guard let position else { continue }
            lines.add(side, Self.everything(sample.socket(position)))
        }
        return lines.lines
    }

    private static func everything(_ socket: SocketView) -> String {
        let (tcp, details) = (socket.tcp, socket.details)
        var parts: [String] = []
        if tcp.socket.identity.cookie != 0 { parts.append("cookie \(tcp.socket.identity.cookie)") }
        if tcp.socket.inode != 0 { parts.append("inode \(tcp.socket.inode)") }
        if let timer = details.timer.flatMap(text) { parts.append("timer \(timer)") }
        if let control = details.congestionControl { parts.append(safeText(control.name)) }
        let options = details.options ?? 0
        for (bit, name) in SocketDetails.optionNames where options & bit != 0 { parts.append("\(name)") }
        for field in SocketField.all {
            guard let value = field.value(tcp, details) else { continue }
            parts.append("\(field.name) \(value)")
        }
        if let limit = limit(details) { parts.append("limited by \(limit)") }
        if let handlers = socket.handlers {
            for name in [handlers.recvmsg, handlers.sendmsg, handlers.close] { name.map { parts.append(safeText($0)) } }
        }
        if let program = tcp.socket.psock?.msgProgram { parts.append("sk_msg program \(program)") }
        for owner in socket.owners {
            parts.append(safeText("\(owner.command)[\(owner.pid)] fd \(owner.descriptor)"))
        }
        return parts.joined(separator: ", ")
    }
}
