import UnstuckModel

/// `listener.overflow`: the client is connected, and its listener has no room for it: the accept queue is full, so the kernel
/// drops the last packet of the handshake, and everything that the client sends, until there is room (Linux
/// `net/ipv4/tcp_ipv4.c`, `tcp_v4_syn_recv_sock`: LINUX_MIB_LISTENOVERFLOWS).
struct OverflowRule: ConnectionRule {
    let codes: [Finding.Code] = [.overflow]
    let needs: Set<Need> = [.owners, .processes, .counters]

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        guard let pending = stuck.pending else {
            return stuck.connection.end(.server) == nil
                ? .notApplicable : .excluded(by: "the server has this connection: its handshake is complete")
        }
        guard let listener = view.sockets.listener(for: pending) else {
            return .unknown("which listener it belongs to")
        }
        guard let waiting = listener.acceptQueue, let limit = listener.acceptLimit,
            let queue = Label.acceptQueue(listener)
        else { return .unknown("the accept queue of its listener") }
        guard waiting > limit else {
            if let drops = view.delta("TcpExtListenOverflows", in: listener.socket.netns), drops > 0 {
                return .suspected(by: "room now, and \(drops) dropped between the samples")
            }
            return .excluded(by: "the accept queue holds \(queue)")
        }
        let owner = view.owners(of: listener.socket).first
        var facts = [Fact("accept queue", queue)]
        if let drops = view.delta("TcpExtListenOverflows", in: listener.socket.netns) {
            facts.append(Fact("dropped between the samples", .count(drops)))
        }
        if let (owner, process) = view.processes(of: listener.socket).first {
            facts.append(Fact("listener", "\(Label.descriptor(owner)): \(Label.activity(process))"))
        }
        return .present(
            Cause(
                code: .overflow, severity: .critical,
                headline: "stuck: the accept queue of \(owner.map(Label.process) ?? "the listener") is full",
                group: "\(listener.socket.inode)", facts: facts,
                remedy:
                    "see why \(owner.map(Label.process) ?? "the process") accepts too slowly; a longer queue (listen backlog, "
                    + "net.core.somaxconn) only helps against bursts"))
    }
}
