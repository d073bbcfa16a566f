import UnstuckModel

/// `sockmap.fionread`: bytes wait at a socket in a sockmap, and FIONREAD says 0 of them: an application that asks before it reads,
/// as nginx does, never reads.
///
/// That it asks is not seen from outside. What speaks against it excludes it: a thread that is blocked in a read of this
/// descriptor, or threads that all wait elsewhere than in an event loop.
struct FionreadRule: ConnectionRule {
    let codes: [Finding.Code] = [.fionread]
    let after: [Finding.Code] = [.stopped]
    let needs: Set<Need> = [.owners, .processes, .readable]

    /// Only a socket of which FIONREAD may say 0 is asked.
    func needs(of stuck: StuckCandidate, _ view: NodeView) -> Set<Need> {
        guard let reader = stuck.reader, let queue = stuck.place?.queue, reader.socket.hasSocket else { return [] }
        switch view.fionread(of: reader, queue) {
        case .measuredZero, .zero, .maybeZero: return needs
        case .counts, .unknown: return []
        }
    }

    func evaluate(_ stuck: StuckCandidate, _ view: NodeView) -> Verdict<Cause> {
        guard let reader = stuck.reader, let queue = stuck.place?.queue else { return .excluded(by: "nothing unread") }
        guard reader.socket.hasSocket, !stuck.causes.contains(.stopped) else { return .notApplicable }
        let answer = view.fionread(of: reader, queue)
        let says: String
        switch answer {
        case .counts(let why): return .excluded(by: why)
        case .unknown(let what): return .unknown(what)
        case .measuredZero(let text), .zero(let text), .maybeZero(let text): says = text
        }
        let wait = ReaderWait(view.processes(of: reader.socket))
        if case .elsewhere(let what) = wait { return .excluded(by: what) }
        if queue == .redirected {
            // Every slow reader on an old kernel looks like this, unless the socket was asked.
            guard case .measuredZero = answer, case .eventLoop = wait else {
                return .suspected(by: "FIONREAD \(says)")
            }
        }
        return .present(cause(stuck, view, reader, says, wait, certainty: Self.certainty(answer, wait)))
    }

    private static func certainty(_ answer: FionreadAnswer, _ wait: ReaderWait) -> Finding.Certainty {
        guard case .eventLoop = wait else { return .suspected }
        if case .maybeZero = answer { return .suspected }
        return .likely
    }

    private func cause(
        _ stuck: StuckCandidate, _ view: NodeView, _ reader: TCPSocket, _ says: String, _ wait: ReaderWait,
        certainty: Finding.Certainty
    ) -> Cause {
        let owner = view.owners(of: reader.socket).first
        var facts = [
            Fact("certainty", "\(certainty.rawValue): a slow reader is not excluded by this alone"),
            Fact("FIONREAD", says),
            Fact("sockmap", maps(of: reader, view) + handlers(of: reader, view)),
            Fact("reader", wait.words(owner)),
        ]
        if let sender = stuck.connection.ends.first(where: { $0.socket.identity != reader.socket.identity }),
            sender.isBlockedByWindow
        {
            facts.append(
                Fact(
                    "window",
                    "shut: \(Label.bytes(UInt64(sender.unacknowledgedBytes ?? 0), partial: false)) wait at the sender"
                        + (sender.backoff.map { ", probed \(pluralized($0, "time")) in vain" } ?? "")))
        }
        let fixed = stuck.place?.queue == .receive ? "6.12.114, 7.2" : "6.6.128, 6.12.75, 6.18.14, 7.0"
        return Cause(
            code: .fionread, severity: .critical, certainty: certainty,
            headline: "stuck: \(certainty.rawValue) FIONREAD stall of \(owner.map(Label.process) ?? "the reader")",
            group: owner.map { "\($0.pid)" } ?? "", facts: facts,
            remedy: "to be sure: strace -f -e trace=ioctl -p PID shows FIONREAD, [0]; unstuck kernel canary tries the "
                + "kernel. Until that is updated (\(fixed)) keep its connections out of the sockmap")
    }

    private func maps(of reader: TCPSocket, _ view: NodeView) -> String {
        let maps = view.maps(holding: reader.socket)
        return maps.isEmpty ? "one that was not read" : maps.map(Label.map).joined(separator: ", ")
    }

    private func handlers(of reader: TCPSocket, _ view: NodeView) -> String {
        guard let recvmsg = view.handlers(of: reader.socket)?.recvmsg else { return "" }
        let program = reader.socket.psock?.msgProgram.map { "; sk_msg program \($0)" } ?? ""
        return "; receive handler \(Label.safe(recvmsg)): no verdict program\(program)"
    }
}

/// What those who hold a socket with unread bytes do, as far as that tells an event loop from something else.
enum ReaderWait {
    /// A thread waits until one of several descriptors is ready.
    case eventLoop(SocketOwner, ObservedProcess)
    /// In words: nothing of this kind.
    case elsewhere(String)
    /// Not seen, or not all of it.
    case unknown

    init(_ holders: [(owner: SocketOwner, process: ObservedProcess)]) {
        for (owner, process) in holders {
            if let thread = process.threads.first(where: { $0.reads(owner.descriptor) }) {
                self = .elsewhere(
                    "\(Label.process(owner)) is blocked in \(Label.wait(thread)) of fd \(owner.descriptor)")
                return
            }
        }
        if let (owner, process) = holders.first(where: { $0.process.threads.contains(where: \.polls) }) {
            self = .eventLoop(owner, process)
            return
        }
        let isAllSeen = holders.allSatisfy { _, process in
            (process.threadCount ?? 0) <= process.threads.count
                && process.threads.allSatisfy { $0.systemCall?.name != nil || $0.state == .running }
        }
        guard let (owner, process) = holders.first, isAllSeen, !process.threads.isEmpty else {
            self = .unknown
            return
        }
        self = .elsewhere("\(Label.process(owner)) is \(Label.activity(process)), in no event loop")
    }

    func words(_ owner: SocketOwner?) -> String {
        switch self {
        case .eventLoop(let owner, let process): "\(Label.descriptor(owner)): \(Label.activity(process))"
        case .elsewhere(let what): what
        case .unknown: owner.map { "\(Label.descriptor($0)): what it is blocked in was not seen" } ?? "unknown"
        }
    }
}

extension ObservedThread {
    /// It is blocked until one of several descriptors is ready.
    fileprivate var polls: Bool { systemCall?.name?.polls ?? false }
}
