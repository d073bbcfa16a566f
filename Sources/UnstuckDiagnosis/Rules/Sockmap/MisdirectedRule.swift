import UnstuckModel

/// `sockmap.misdirected`: a live connection whose sender redirects through a map in which the receiver's key leads to
/// another socket.
///
/// The evidence is the whole path, never the handlers: sender → its psock's msg program → a map of that program → the key
/// that claims the receiver's tuple → a socket that is not the receiver. If no entry claims the receiver, the
/// redirect misses, the program passes, and the bytes take the stack: healthy.
///
/// What is not seen from outside is the program's own decision: one that redirects only some of its connections, or to
/// the egress side, looks the same. *Armed* is therefore a warning; bytes in the wrong queue make it *stuck*.
struct MisdirectedRule: NodeRule {
    let codes: [Finding.Code] = [.misdirected]

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        var verdicts: [Verdict<Finding>] = []
        for sender in view.sendersPastTheirPeer {
            guard let path = view.sockmaps.redirect(of: sender.socket), let receiver = view.peer(of: sender) else {
                continue
            }
            for map in path.maps where map.namesConnections && !view.sockmaps.isFiled(receiver.socket, in: map) {
                let claims = view.sockmaps.entries(in: map.map.id, claiming: receiver.socket.tuple)
                guard let wrong = claims.first(where: \.entry.isStable) else { continue }
                verdicts.append(
                    .present(
                        finding(view, sender: sender, program: path.program, wrong: wrong, receiver: receiver)))
            }
        }
        return verdicts
    }

    private func finding(
        _ view: NodeView, sender: TCPSocket, program: BPFProgram, wrong: NodeView.ClassifiedEntry, receiver: TCPSocket
    ) -> Finding {
        let socket = wrong.entry.socket
        let queued = socket.psock?.queuedBytes ?? 0
        let stage: Finding.Stage = queued > 0 ? .stuck : .atRisk
        let tuple = sender.socket.tuple
        let who = Label.owner(view.owners(of: sender.socket).first)
        let receiverPod = view.pod(of: receiver.socket)
        let quiet = [sender.millisecondsSinceSend, sender.millisecondsSinceReceive].compactMap { $0 }.min() ?? 0
        let waiting = quiet == 0 ? "" : ", silent for \(Label.duration(milliseconds: quiet))"

        var evidence = [
            Fact(
                "sends via",
                "\(view.handlers(of: sender.socket)?.sendmsg ?? "an sk_msg program's handler") -> program \(program.id) "
                    + "\"\(Label.safe(program.name))\" -> \(Label.map(wrong.map)), key "
                    + "\(receiver.socket.tuple.local) <- \(receiver.socket.tuple.remote)"),
            Fact("delivered to", landing(view, wrong)),
            Fact(
                "receiver",
                "blocked in \(view.handlers(of: receiver.socket)?.recvmsg ?? "its receive handler"): "
                    + waitingEnd(view, receiver)),
        ]
        if queued > 0 {
            evidence.append(
                Fact(
                    "misdelivered",
                    "\(Label.bytes(UInt64(queued), partial: socket.psock?.isPartial ?? false)) in "
                        + "\(socket.psock?.queuedMessages ?? 0) message\(socket.psock?.queuedMessages == 1 ? "" : "s") in the wrong socket's queue; some may "
                        + "be of earlier connections with the same addresses and ports"))
        }
        return Finding(
            code: .misdirected, severity: stage == .stuck ? .critical : .warning,
            isRepairable: wrong.state.isDead,
            summary: "\(stage == .stuck ? "stuck" : "at risk"): \(who)\(tuple)"
                + "\(receiverPod.map { " \($0)" } ?? "")\(waiting)",
            evidence: evidence,
            remedy: wrong.state.isDead
                ? "" : "the wrong socket is alive, so repair skips it: close this connection, or end the other's owner",
            subject: .init(
                pod: receiverPod, connection: tuple, stage: stage,
                sockets: [sender.socket.identity, receiver.socket.identity], entries: [wrong.reference],
                holders: view.owners(of: socket), bytes: queued > 0 ? UInt64(queued) : nil))
    }

    private func landing(_ view: NodeView, _ wrong: NodeView.ClassifiedEntry) -> String {
        let socket = wrong.entry.socket
        switch socket.liveness {
        case .leaked:
            return "a dead socket: CLOSE and orphaned\(seen(view, wrong)), no process can close or read it"
        case .queuedDead:
            return "a dead socket: reset while it waited for accept\(seen(view, wrong))"
        case .zombie:
            let holder = view.owners(of: socket).first.map { "held open by \(Label.descriptor($0))" }
            return "a dead socket: CLOSE\(seen(view, wrong)), \(holder ?? "held open by a descriptor")"
        case .live, .queued, .listener, .other:
            let holder = view.owners(of: socket).first.map { " of \(Label.descriptor($0))" } ?? ""
            let pod = view.pod(of: socket).map { " in \($0)" } ?? ""
            return "a live socket of another connection\(holder)\(pod): \(socket.tuple), \(socket.state), "
                + "netns \(socket.netns)"
        }
    }

    private func seen(_ view: NodeView, _ wrong: NodeView.ClassifiedEntry) -> String {
        view.secondsSeenDead(wrong).map { " for at least \(Label.duration(seconds: $0))" } ?? ""
    }

    private func waitingEnd(_ view: NodeView, _ receiver: TCPSocket) -> String {
        if !receiver.socket.hasSocket { return "not accepted yet" }
        let owner = view.owners(of: receiver.socket).first.map { "\(Label.descriptor($0)), " } ?? ""
        // Whether the accelerator tried to insert it is not seen: its process may be outside of the accelerated cgroup.
        return receiver.socket.psock == nil
            ? "\(owner)in no map; its key leads to the other socket"
            : "\(owner)in another map; here its key leads to the other socket"
    }
}
