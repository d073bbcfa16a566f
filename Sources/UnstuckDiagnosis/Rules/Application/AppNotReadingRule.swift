import UnstuckModel

/// `app.not-reading`: bytes wait for a process that runs and does not read them. What it waits in is reported where it can be seen.
///
/// A thread that is blocked in a read of this very descriptor while bytes wait is no such process: the kernel does not wake
/// it. That stays `stuck.unexplained`, with this fact.
struct AppNotReadingRule: ConnectionRule {
    let codes: [Finding.Code] = [.notReading]
    let after: [Finding.Code] = [.stopped, .fionread]
    let needs: Set<Need> = [.owners, .processes]

    /// What it is blocked in is a fact already: the next step is its own stack, or a longer look.
    private static func remedy(_ process: ObservedProcess?) -> String {
        let look = process?.state == .running ? "see where it computes: perf top -p PID" : "see its stack: gdb -p PID"
        return look + ", jstack, py-spy (if it reads rarely: --interval 30s)"
    }

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        guard let reader = stuck.reader else { return .excluded(by: "nothing unread") }
        guard reader.socket.hasSocket, !stuck.causes.contains(.stopped) else { return .notApplicable }
        let processes = view.processes(of: reader.socket)
        for (owner, process) in processes {
            if let thread = process.threads.first(where: { $0.reads(owner.descriptor) }) {
                return .excluded(
                    by: "\(Label.process(owner)) is blocked in \(Label.wait(thread)) of fd \(owner.descriptor)")
            }
        }
        let owner = processes.first?.owner ?? view.owners(of: reader.socket).first
        var facts: [Fact] = []
        if let (owner, process) = processes.first {
            facts.append(Fact("reader", "\(Label.descriptor(owner)): \(Label.activity(process))"))
            if let count = process.threadCount, count > process.threads.count {
                facts.append(Fact("not seen", "\(count - process.threads.count) of its \(count) threads"))
            }
        } else {
            facts.append(Fact("reader", "not known: the process that holds the socket was not seen"))
        }
        if let sender = stuck.connection.ends.first(where: { $0.socket.identity != reader.socket.identity }),
            sender.isBlockedByWindow
        {
            facts.append(Fact("window", "shut: the sender may send \(sender.sendWindow ?? 0) bytes more"))
        }
        if let why = stuck.suspected[.fionread] { facts.append(Fact("may be", "FIONREAD stall (\(why))")) }
        return .present(
            Cause(
                code: .notReading, severity: .critical,
                headline: "stuck: \(owner.map(Label.process) ?? "the process that holds it") does not read",
                group: owner.map { "\($0.pid)" } ?? "", facts: facts,
                remedy: Self.remedy(processes.first?.process)))
    }
}

extension ObservedThread {
    /// It is blocked in a call that reads from a descriptor.
    func reads(_ descriptor: Int32) -> Bool {
        guard let call = systemCall, call.descriptor == descriptor else { return false }
        return call.name?.reads ?? false
    }
}
