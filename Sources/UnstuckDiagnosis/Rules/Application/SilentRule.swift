import UnstuckModel

/// `app.silent`, a note: the last bytes of a connection came from the client, were read, and nothing was sent since. A server that
/// has forgotten to answer, a long query, and a protocol in which the client speaks last look the same.
///
/// One sample tells it: the times since the last bytes are in it. What a sockmap redirects moves no such time, so accelerated
/// connections are left out.
struct SilentRule: NodeRule {
    let codes: [Finding.Code] = [.silent]

    /// How long a request must have waited.
    static let seconds = Diagnosis.secondsBetweenSamples
    /// Connections of one finding that are listed.
    static let shown = 20

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        var groups: [Key: [Int]] = [:]
        for (position, socket) in view.now.sockets.enumerated() where isSilent(socket) && view.isInScope(socket.socket)
        {
            let peer = view.connections.other(position)
            guard view.sockets.isServer(socket, peer: peer), !(peer?.holdsAnything ?? false) else { continue }
            groups[Key(server: socket.socket.tuple.local, netns: socket.socket.netns), default: []].append(position)
        }
        return groups.sorted {
            $0.value.count == $1.value.count ? "\($0.key.server)" < "\($1.key.server)" : $0.value.count > $1.value.count
        }
        .map { .present(finding(view, $0.key, $0.value)) }
    }

    private struct Key: Hashable {
        var server: Endpoint
        var netns: UInt32
    }

    private func isSilent(_ socket: TCPSocket) -> Bool {
        guard let received = socket.millisecondsSinceReceive, let sent = socket.millisecondsSinceSend else {
            return false
        }
        return socket.socket.state == .established && socket.socket.hasSocket && socket.socket.psock == nil
            && !socket.holdsAnything && (socket.bytesReceived ?? 0) > 0
            && received >= UInt32(Self.seconds * 1000)
            // Nothing was ever sent: the time counts from the handshake, which may be of the same millisecond.
            && (received < sent || socket.bytesSent == 0 && received == sent)
    }

    private func finding(_ view: NodeView, _ key: Key, _ positions: [Int]) -> Finding {
        let sockets = positions.map { view.now.sockets[$0] }.sorted {
            $0.secondsSinceReceive > $1.secondsSinceReceive
        }
        let first = sockets[0]
        let pod = view.pod(of: first.socket)
        let who =
            sockets.count == 1 ? "\(first.socket.tuple.reversed)" : "\(sockets.count) connections to \(key.server)"
        var facts = [
            Fact("longest since the last request", .seconds(first.secondsSinceReceive))
        ]
        if sockets.count == 1 {
            facts.append(Fact("request", .bytes(first.bytesReceived ?? 0)))
            // The SYN counts as a byte.
            if let acked = first.bytesAcked { facts.append(Fact("answered so far", .bytes(max(acked, 1) - 1))) }
        }
        for (owner, process) in view.processes(of: first.socket).prefix(1) {
            facts.append(Fact("server", "\(Label.descriptor(owner)): \(Label.activity(process))"))
        }
        return Finding(
            code: .silent, severity: .note, isRepairable: false,
            summary: "no answer yet: \(who)\(pod.map { " \($0)" } ?? "")", evidence: facts,
            remedy:
                "if an answer is due, see what the server waits for; from outside a long query, or a client that sends last, is the same",
            subject: .init(
                pod: pod, connection: first.socket.tuple.reversed,
                sockets: sockets.prefix(Self.shown).map(\.socket.identity)),
            connections: sockets.prefix(Self.shown).map { socket in
                let connection = view.connections.connection(of: socket.socket.identity)
                return StuckConnection(
                    client: socket.socket.tuple.remote, server: socket.socket.tuple.local,
                    place: .init(side: .server, queue: .receive), bytes: 0,
                    seconds: socket.secondsSinceReceive,
                    ends: (connection?.ends ?? [socket]).map { end in
                        StuckConnection.End(
                            side: end.socket.identity == socket.socket.identity ? .server : .client, of: end,
                            pod: view.pod(of: end.socket), holder: view.owners(of: end.socket).first,
                            unreadBytes: end.unreadBytes, unacknowledgedBytes: end.unacknowledgedBytes)
                    })
            })
    }
}

extension TCPSocket {
    /// Of one that is silent, which is known only where this was read.
    fileprivate var secondsSinceReceive: Double { Double(millisecondsSinceReceive ?? 0) / 1000 }

    /// Bytes in any queue.
    fileprivate var holdsAnything: Bool {
        (unreadBytes ?? 0) > 0 || (redirectedBytes ?? 0) > 0 || (unacknowledgedBytes ?? 0) > 0
    }
}
