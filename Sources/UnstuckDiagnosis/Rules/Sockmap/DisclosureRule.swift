import UnstuckModel

/// `sockmap.disclosure`: bytes of one connection can be read by a process that is not its peer.
///
/// A zombie's queue, while a live connection claims its tuple: what that connection sends is delivered there, and the process that
/// holds the descriptor can read it (docs/kernel-facts.md, section 1). A live wrong socket reads it at once.
struct DisclosureRule: NodeRule {
    let codes: [Finding.Code] = [.disclosure]
    let after: [Finding.Code] = [.misdirected]

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        var verdicts: [Verdict<Finding>] = []
        for misdirected in findings where misdirected.code == .misdirected {
            guard let reference = misdirected.subject.entries.first, let connection = misdirected.subject.connection,
                let wrong = view.sockmaps.entry(reference)
            else { continue }
            let socket = wrong.entry.socket
            let holders = view.owners(of: socket)
            let state = socket.liveness
            // Without a descriptor nobody can read.
            guard socket.hasSocket else { continue }
            let queued = socket.psock?.queuedBytes ?? 0
            guard queued > 0 || state == .live else { continue }
            let reader = holders.first.map(Label.descriptor) ?? "the process that holds the socket"
            verdicts.append(
                .present(
                    Finding(
                        // A live socket's queue is empty where its owner reads as fast as bytes come: none may have been
                        // sent yet, and none is proven to have gone there.
                        code: .disclosure, severity: queued > 0 ? .critical : .warning,
                        isRepairable: wrong.state.isDead,
                        summary: queued > 0
                            ? "\(reader) can read \(Label.bytes(UInt64(queued), partial: socket.psock?.isPartial ?? false)) "
                                + "that were sent over \(connection)"
                            : "\(reader) will receive what is sent over \(connection)",
                        evidence: [
                            .init("sent by", "\(connection.local)"),
                            .init(
                                "meant for",
                                "\(connection.remote)\(misdirected.subject.pod.map { " \($0)" } ?? "")"),
                            .init(
                                "readable by",
                                "\(reader)\(view.pod(of: socket).map { " in \($0)" } ?? ""): its socket is behind the key "
                                    + "in \(Label.map(wrong.map))"),
                            .init(
                                "certainty",
                                queued > 0
                                    ? "the queue may also hold bytes of the reader's own, earlier connection"
                                    : "no bytes are in its queue now; bytes that were read already leave no trace"),
                        ],
                        remedy: "treat the bytes sent as known to that process"
                            + (wrong.state.isDead ? "" : "; its socket is alive, so repair skips it: end that process"),
                        subject: .init(
                            pod: view.pod(of: socket), connection: connection,
                            sockets: [socket.identity], entries: [reference], holders: holders,
                            bytes: queued > 0 ? UInt64(queued) : nil))))
        }
        return verdicts
    }
}
