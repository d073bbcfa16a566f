import UnstuckModel

/// `listener.defer-accept`: the client is connected and sends nothing, and the handshake is not complete at the server though its
/// accept queue has room: the listener waits for the client's first byte (TCP_DEFER_ACCEPT). Where the server is to speak
/// first, both wait for each other.
///
/// A client that has connected ahead of its first request looks the same from here: a warning, unless the client's process
/// waits in a read of this descriptor, and so for the server.
struct DeferAcceptRule: ConnectionRule {
    let codes: [Finding.Code] = [.deferAccept]
    let after: [Finding.Code] = [.overflow]
    let needs: Set<Need> = [.owners, .processes, .counters]

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        guard let pending = stuck.pending else {
            return stuck.connection.end(.server) == nil
                ? .notApplicable : .excluded(by: "the server has this connection: its handshake is complete")
        }
        guard stuck.causes.isEmpty, let client = stuck.connection.end(.client),
            let listener = view.sockets.listener(for: pending)
        else { return .notApplicable }
        guard (client.unacknowledgedBytes ?? 0) == 0, stuck.place == nil else {
            return .excluded(by: "the client has sent its first byte")
        }
        // Since the namespace was made (Linux net/ipv4/tcp_minisocks.c, tcp_check_req: LINUX_MIB_TCPDEFERACCEPTDROP).
        let deferred = view.counter("TcpExtTCPDeferAcceptDrop", in: listener.socket.netns)
        if deferred == 0 { return .excluded(by: "no listener of its network namespace has deferred a handshake") }
        let owner = view.owners(of: listener.socket).first
        let reading = view.processes(of: client.socket).first { owner, process in
            process.threads.contains {
                $0.systemCall?.descriptor == owner.descriptor && $0.systemCall?.name?.reads == true
            }
        }
        let queue = Label.acceptQueue(listener).map { ", \($0) in the accept queue" } ?? ""
        var facts = [Fact("server", "SYN-RECV\(queue)")]
        if let owner { facts.append(Fact("listener", Label.descriptor(owner))) }
        if let reading {
            facts.append(
                Fact(
                    "client",
                    "\(Label.descriptor(reading.owner)): blocked in a read: it expects the server's first byte"))
        }
        return .present(
            Cause(
                code: .deferAccept, severity: reading == nil || deferred == nil ? .warning : .critical,
                headline: (reading == nil || deferred == nil ? "at risk" : "stuck")
                    + ": \(owner.map(Label.process) ?? "the listener") waits for the client's first byte (TCP_DEFER_ACCEPT)",
                group: "\(listener.socket.inode)", facts: facts,
                remedy:
                    "if the server speaks first, it must not set TCP_DEFER_ACCEPT (nginx: listen … deferred)"
            ))
    }
}
