import UnstuckModel

/// Connections that are stuck for one cause -> one finding, a row each.
struct StuckFinding {
    private let view: NodeView
    private let members: [StuckConnections.Member]

    /// - Parameter members: one at least, alike in cause, server and place.
    init(_ view: NodeView, _ members: [StuckConnections.Member]) {
        self.view = view
        self.members = members
    }

    var finding: Finding {
        let cause = members[0].cause
        let rows = members.map(row).sorted { one, other in
            one.bytes == other.bytes ? "\(one.client)" < "\(other.client)" : one.bytes > other.bytes
        }
        let ends = members.flatMap(\.stuck.connection.ends)
        let holding = members.compactMap(\.stuck.holding)
        let pod = holding.first.flatMap { view.pod(of: $0.socket) }
        let owners = holding.flatMap { view.owners(of: $0.socket).prefix(1) }
        let total = rows.reduce(UInt64(0)) { $0 + $1.bytes }
        let seconds = rows.map(\.seconds).min() ?? 0
        let who = rows.count == 1 ? "\(rows[0].tuple)" : "\(rows.count) connections to \(rows[0].server)"
        var finding = Finding(
            code: cause.code, severity: cause.severity, isRepairable: false,
            summary: "\(cause.headline): \(who)\(pod.map { " \($0)" } ?? ""), for at least "
                + Label.duration(seconds: seconds),
            evidence: [
                Fact(
                    "place",
                    "\(rows[0].place.side): \(Label.bytes(total, partial: false)) \(Self.words(rows[0].place.queue))"),
                Fact("owner", Self.holders(owners, holding)),
            ] + cause.facts + lastByte(rows),
            ruledOut: ruledOut, remedy: cause.remedy.replacing("PID", with: owners.first.map { "\($0.pid)" } ?? "PID"),
            subject: .init(
                pod: pod, connection: rows.first?.tuple, sockets: ends.map(\.socket.identity),
                entries: members.flatMap { view.entries(of: $0.stuck.connection) },
                holders: owners, bytes: total),
            connections: rows)
        finding.certainty = cause.certainty
        return finding
    }

    /// What is ruled out for each of them, with the first one's observation.
    private var ruledOut: [String] {
        let codes = members.map { Set($0.excluded.keys) }.reduce(Set(members[0].excluded.keys)) { $0.intersection($1) }
        return FindingCatalogue.all.filter { codes.contains($0.code) }.map { entry in
            "\(entry.title) (\(members[0].excluded[entry.code] ?? ""))"
        }
    }

    private func row(_ member: StuckConnections.Member) -> StuckConnection {
        let stuck = member.stuck
        let tuple = stuck.connection.tuple
        let place = stuck.place ?? StuckConnection.Place(side: .client, queue: .send)
        return StuckConnection(
            client: tuple.local, server: tuple.remote, place: place, bytes: stuck.connection.bytes(at: place),
            seconds: stuck.seconds ?? 0,
            ends: stuck.connection.ends.map { end in
                StuckConnection.End(
                    side: stuck.connection.side(of: end), of: end, pod: view.pod(of: end.socket),
                    holder: view.owners(of: end.socket).first, unreadBytes: end.unreadBytes,
                    unacknowledgedBytes: end.unacknowledgedBytes)
            })
    }

    /// Since when nothing came, as the socket itself says: longer than the samples are apart.
    private func lastByte(_ rows: [StuckConnection]) -> [Fact] {
        guard rows[0].place.queue == .receive,
            let oldest = members.compactMap(\.stuck.holding?.millisecondsSinceReceive).max(),
            Double(oldest) / 1000 > rows[0].seconds
        else { return [] }
        return [Fact("last byte arrived", "\(Label.duration(milliseconds: oldest)) ago")]
    }

    private static func words(_ queue: StuckConnection.Queue) -> String {
        switch queue {
        case .receive: "received, not read (Recv-Q)"
        case .redirected: "redirected by a sockmap program and not read"
        case .send: "sent or queued, not acknowledged (Send-Q)"
        }
    }

    private static func holders(_ owners: [SocketOwner], _ holding: [TCPSocket]) -> String {
        let shown = owners.prefix(3).map(Label.descriptor).joined(separator: ", ")
        let more = owners.count > 3 ? " and \(owners.count - 3) more" : ""
        let queued = holding.count { !$0.socket.hasSocket }
        let parts = [
            owners.isEmpty ? nil : shown + more,
            queued == 0 ? nil : "the accept queue (\(queued) not accepted)",
        ].compactMap { $0 }
        return parts.isEmpty ? "unknown" : parts.joined(separator: "; ")
    }
}
