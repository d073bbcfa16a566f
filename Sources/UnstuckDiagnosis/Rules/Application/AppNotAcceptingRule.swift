import UnstuckModel

/// `app.not-accepting`: the connection waits in its listener's accept queue, and the listener's owner does not take it.
struct AppNotAcceptingRule: ConnectionRule {
    let codes: [Finding.Code] = [.notAccepting]
    let needs: Set<Need> = [.owners, .processes]

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        let server = stuck.connection.end(.server)
        guard let server, !server.socket.hasSocket else {
            return server == nil ? .notApplicable : .excluded(by: "it was accepted")
        }
        // A closed connection has no descriptor either: it was accepted, and its kernel sends what is left.
        guard [.established, .closeWait].contains(server.socket.state), !server.socket.isDead,
            stuck.place?.side == .server || stuck.place?.queue == .send
        else { return .notApplicable }
        let listener = view.sockets.listener(for: server)
        let processes = listener.map { view.processes(of: $0.socket) } ?? []
        let owner = processes.first?.owner ?? listener.flatMap { view.owners(of: $0.socket).first }
        var facts: [Fact] = []
        if let queue = listener.flatMap(Label.acceptQueue) { facts.append(Fact("accept queue", queue)) }
        if let (owner, process) = processes.first {
            facts.append(Fact("listener", "\(Label.descriptor(owner)): \(Label.activity(process))"))
        }
        let isStopped = !processes.isEmpty && processes.allSatisfy { $0.process.state == .stopped }
        let who = owner.map(Label.process) ?? "the listener's process"
        return .present(
            Cause(
                code: .notAccepting, severity: .critical,
                headline: "stuck: \(who) does not accept\(isStopped ? " (it is stopped by a signal)" : "")",
                group: owner.map { "\($0.pid)" } ?? "", facts: facts,
                remedy: isStopped
                    ? "find out who stopped it and why; kill -CONT \(owner.map { "\($0.pid)" } ?? "PID") lets it go on"
                    : "see its stack: gdb -p \(owner.map { "\($0.pid)" } ?? "PID"), jstack, py-spy"))
    }
}
