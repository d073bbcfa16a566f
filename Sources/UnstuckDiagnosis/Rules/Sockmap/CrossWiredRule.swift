import UnstuckModel

/// `sockmap.cross-wired`: a live socket behind a key that names another connection.
///
/// It comes about when a descriptor is reconnected: `connect(AF_UNSPEC)` ends the old connection without taking its
/// entry out, and the same socket then carries a new one (docs/kernel-facts.md, Z5).
struct CrossWiredRule: NodeRule {
    let codes: [Finding.Code] = [.crossWired]

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        var verdicts: [Verdict<Finding>] = []
        for entry in view.sockmaps.entries where entry.state == .crossWired && entry.entry.isStable {
            guard let claim = entry.claim else { continue }
            let socket = entry.entry.socket
            // Between the two reads of a connection in the making the tuple may be half set.
            guard socket.tuple.isComplete else { continue }
            let owners = view.owners(of: socket)
            let holder = owners.first.map(Label.descriptor) ?? "a process"
            verdicts.append(
                .present(
                    Finding(
                        code: .crossWired, severity: .warning, isRepairable: false,
                        summary:
                            "\(Label.map(entry.map)): key/socket mismatch: the key of \(claim) is bound to \(socket.tuple)",
                        evidence: [
                            .init("key", "\(claim.local) <- \(claim.remote)"),
                            .init("socket", "\(socket.tuple), \(socket.state), owner \(holder)"),
                            .init(
                                "at risk",
                                "a new connection with the key's addresses and ports: its bytes are delivered to \(holder)"
                            ),
                        ],
                        remedy:
                            "the socket is alive, so repair skips it: let \(holder) close this connection, or restart that process",
                        subject: .init(
                            pod: view.pod(of: socket), connection: socket.tuple, sockets: [socket.identity],
                            entries: [entry.reference], holders: owners))))
        }
        return verdicts
    }
}
