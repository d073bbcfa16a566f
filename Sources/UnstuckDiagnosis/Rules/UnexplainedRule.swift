import UnstuckModel

/// `stuck.unexplained`: a connection in ESTABLISHED that holds bytes, unread, redirected and unread, or unacknowledged, and
/// made no progress at either end (``Progress``) over at least ``Diagnosis/secondsBetweenSamples``, and that no other
/// finding is about. And `app.closed-unread`, a note: the same after the peer has closed (CLOSE_WAIT).
///
/// It comes last. Connections that hold nothing are idle, or wait for an answer: that is not told apart here.
struct UnexplainedRule: Rule {
    let codes: [Finding.Code] = [.unexplained, .closedUnread]

    /// How often queues of redirected bytes must have been read between two samples before *the same* means *it stands*.
    ///
    /// One request of a busy connection looks like the next one, and its message may even lie where the last one lay: by
    /// chance in one of about 64 for messages of 512 bytes (a page fragment of 32 KiB holds so many). Two samples and five
    /// readings all deceived: less than one in 10^9.
    static let queueReadings = 5

    func evaluate(_ view: NodeView, _ report: inout Report) {
        // A warning about one of its sockets does not explain why a connection is stuck.
        let covered = Set(report.findings.filter { $0.severity == .critical }.flatMap(\.subject.sockets))
        var done = Set<SocketIdentity>()
        var groups: [Group: [Stuck]] = [:]
        for socket in view.now.sockets where socket.holdsBytes && !done.contains(socket.socket.identity) {
            let connection = Connection(of: socket, in: view)
            done.formUnion(connection.ends.map(\.socket.identity))
            guard connection.ends.allSatisfy({ !covered.contains($0.socket.identity) }), view.isInScope(connection),
                let place = connection.place
            else { continue }
            let code: Finding.Code = connection.isEstablished(at: place) ? .unexplained : .closedUnread
            switch History(of: connection, place, in: view).verdict {
            case .moves: continue
            case .stands(let seconds):
                let stuck = Stuck(connection: connection, place: place, seconds: seconds)
                groups[Group(stuck, code), default: []].append(stuck)
            case .unsettled(let reason):
                guard code == .unexplained else { continue }
                report.unsettled.append(
                    UnsettledConnection(
                        connection: connection.tuple, netns: socket.socket.netns, queue: place.queue, reason: reason))
            }
        }
        report.findings += groups.map { group, members in finding(view, group, members) }.sorted { one, other in
            let (mine, theirs) = (one.connections?.count ?? 0, other.connections?.count ?? 0)
            return mine == theirs ? one.summary < other.summary : mine > theirs
        }
    }

    struct Stuck {
        var connection: Connection
        var place: StuckConnection.Place
        var seconds: Double
    }

    /// What is alike: the same server, and the bytes in the same place.
    private struct Group: Hashable {
        var code: Finding.Code
        var server: Endpoint
        /// The same loopback address is another server in another namespace.
        var netns: UInt32?
        var place: StuckConnection.Place

        init(_ stuck: Stuck, _ code: Finding.Code) {
            self.code = code
            server = stuck.connection.tuple.remote
            place = stuck.place
            netns = server.address.isLoopback ? stuck.connection.ends.first?.socket.netns : nil
        }
    }

    private func finding(_ view: NodeView, _ group: Group, _ members: [Stuck]) -> Finding {
        let rows = members.map { row(view, $0) }.sorted { one, other in
            one.bytes == other.bytes ? "\(one.client)" < "\(other.client)" : one.bytes > other.bytes
        }
        let ends = members.flatMap(\.connection.ends)
        let holding = members.compactMap { stuck in
            stuck.connection.ends.first { stuck.connection.side(of: $0) == group.place.side }
        }
        let pod = holding.first.flatMap { view.pod(of: $0.socket) }
        let owners = holding.flatMap { view.owners(of: $0.socket).prefix(1) }
        let seconds = rows.map(\.seconds).min() ?? 0
        let total = rows.reduce(UInt64(0)) { $0 + $1.bytes }
        let who =
            rows.count == 1
            ? "\(rows[0].tuple)" : "\(rows.count) connections to \(group.server)"
        let isNote = group.code == .closedUnread
        return Finding(
            code: group.code, severity: isNote ? .note : .critical, isMendable: false,
            summary: (isNote ? "unread after the peer has closed: " : "stuck; cause not checked yet: ") + who
                + "\(pod.map { " \($0)" } ?? ""), no progress for at least \(Label.duration(seconds: seconds))",
            evidence: [
                .init(
                    "place",
                    "\(group.place.side): \(Label.bytes(total, partial: false)) \(Self.words(group.place.queue))"),
                .init("held by", Self.holders(owners, holding)),
            ],
            remedy: isNote
                ? "the application should read and close these: it keeps a descriptor that its peer has done with"
                : Self.remedy(group.place, owners.first),
            subject: .init(
                pod: pod, connection: rows.first?.tuple, sockets: ends.map(\.socket.identity),
                entries: members.flatMap { view.entries(of: $0.connection) }, holders: owners, bytes: total),
            connections: rows)
    }

    private func row(_ view: NodeView, _ stuck: Stuck) -> StuckConnection {
        let tuple = stuck.connection.tuple
        return StuckConnection(
            client: tuple.local, server: tuple.remote, place: stuck.place,
            bytes: stuck.connection.bytes(at: stuck.place),
            seconds: stuck.seconds,
            ends: stuck.connection.ends.map { end in
                StuckConnection.End(
                    side: stuck.connection.side(of: end), of: end, pod: view.pod(of: end.socket),
                    holder: view.owners(of: end.socket).first, unreadBytes: end.unreadBytes,
                    unacknowledgedBytes: end.unacknowledgedBytes)
            })
    }

    private static func words(_ queue: StuckConnection.Queue) -> String {
        switch queue {
        case .receive: "arrived and not read (Recv-Q)"
        case .redirected: "redirected by a sockmap program and not read"
        case .send: "sent or waiting to be sent, and not acknowledged (Send-Q)"
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
        return parts.isEmpty ? "not known" : parts.joined(separator: "; ")
    }

    private static func remedy(_ place: StuckConnection.Place, _ owner: SocketOwner?) -> String {
        switch place.queue {
        case .receive, .redirected:
            let process = owner.map { "\($0.pid)" } ?? "PID"
            return "what does the process do: cat /proc/\(process)/wchan /proc/\(process)/stack; "
                + "docs/findings/stuck.unexplained.md"
        case .send:
            return "what does the path do: ss -tinoe shows retransmissions, timer and window; "
                + "docs/findings/stuck.unexplained.md"
        }
    }
}
