import UnstuckModel

/// `app.stopped`: bytes wait for a process that a signal (SIGSTOP, SIGTSTP) or a tracer has stopped: it cannot read them.
struct AppStoppedRule: ConnectionRule {
    let codes: [Finding.Code] = [.stopped]
    let needs: Set<Need> = [.owners, .processes]

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        guard let reader = stuck.reader else { return .excluded(by: "nothing unread") }
        guard reader.socket.hasSocket else { return .notApplicable }
        let processes = view.processes(of: reader.socket)
        guard let first = processes.first else { return .unknown("the state of the process that should read") }
        // A descriptor that several processes share is read as long as one of them runs.
        if let running = processes.first(where: { !$0.process.isWhollyStopped }) {
            return .excluded(by: "\(Label.process(running.owner)) is \(Label.state(running.process.state))")
        }
        let who = Label.process(first.owner)
        let isTraced = first.process.state == .traced
        return .present(
            Cause(
                code: .stopped, severity: .critical,
                headline: "stuck: \(who) is stopped by a \(isTraced ? "tracer" : "signal")",
                group: "\(first.owner.pid)",
                facts: [Fact("process", "\(Label.descriptor(first.owner)), state \(first.process.state.rawValue)")],
                remedy: isTraced
                    ? "find the tracer: grep TracerPid /proc/\(first.owner.pid)/status; detach it, or end it"
                    : "find out who stopped it and why; kill -CONT \(first.owner.pid) lets it go on"))
    }
}

extension ObservedProcess {
    /// With all threads that were read: a tracer may hold one for a moment while the others run.
    fileprivate var isWhollyStopped: Bool { state.isStopped && threads.allSatisfy(\.state.isStopped) }
}
