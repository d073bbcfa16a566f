import UnstuckModel

/// `sockmap.spurious-eagain`, a note: sockets in a sockmap that have sent their FIN and still wait for the rest of an answer. A
/// blocking recv of such a socket returns EAGAIN when the FIN is acknowledged: `tcp_bpf_recvmsg` waits once, and is woken without
/// bytes (Linux `net/ipv4/tcp_bpf.c`). Programs that take EAGAIN of a blocking socket for a timeout close the connection.
///
/// A signal and SIGSTOP do the same to every socket in a sockmap, and leave nothing to see: `unstuck kernel canary` tries them.
struct SpuriousEagainRule: NodeRule {
    let codes: [Finding.Code] = [.spuriousEagain]

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        view.now.sockmaps.compactMap { map in
            let entries = view.sockmaps.entries(of: map.id).filter { isHalfClosed($0.entry, view) }
            return entries.isEmpty ? nil : .present(finding(map, Array(entries), view))
        }
    }

    private func isHalfClosed(_ entry: SockmapEntry, _ view: NodeView) -> Bool {
        let socket = entry.socket
        guard entry.isStable, socket.isTCP, socket.hasSocket, socket.state == .finWait1 || socket.state == .finWait2
        else { return false }
        return view.handlers(of: socket)?.recvmsg?.hasPrefix("tcp_bpf_recvmsg") ?? false
    }

    private func finding(_ map: Sockmap, _ entries: [NodeView.ClassifiedEntry], _ view: NodeView) -> Finding {
        let first = entries[0].entry.socket
        var finding = Finding(
            code: .spuriousEagain, severity: .note, isRepairable: false,
            summary: "\(pluralized(entries.count, "half-closed socket")) in \(Label.map(map)): a blocking recv there "
                + "can return EAGAIN without a timeout",
            evidence: [
                Fact(
                    "sockets",
                    "\(first.tuple) \(first.state)\(entries.count > 1 ? " and \(entries.count - 1) more" : "")"),
                Fact("kernel", Self.kernel(view.now.kernelRelease)),
            ],
            remedy: "nothing is wrong yet; a program that closes on EAGAIN must read again; unstuck kernel canary "
                + "shows whether this kernel has it",
            subject: .init(
                sockets: entries.map(\.entry.socket.identity), entries: entries.map(\.reference)))
        finding.certainty = .suspected
        return finding
    }

    private static func kernel(_ release: String) -> String {
        let name = "Linux \(Label.safe(release))"
        guard let bug = KernelBug.history.first(where: { $0.id == "blocking-eagain" }),
            let version = KernelRelease(release)
        else { return "\(name): not known" }
        switch bug.standing(of: version) {
        case .open(let newest): return "\(name): every release up to \(newest) has it"
        default: return "\(name): newer than every release that is known to have it"
        }
    }
}
