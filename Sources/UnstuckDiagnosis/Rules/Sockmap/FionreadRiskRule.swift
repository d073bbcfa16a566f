import UnstuckModel

/// `sockmap.fionread` before anything is stuck: sockets in a sockmap to which bytes come through the stack, on a kernel whose
/// FIONREAD says 0 of these. A warning where the kernel is proven to and the reader is a program that is known to ask; else a
/// note, for most programs never ask.
///
/// Bytes come through the stack to a socket whose peer is not in the sockmap, is elsewhere, or whose program only passes (OBI, Beyla
/// and Alloy add headers). A socket that receives redirected bytes alone is left out: these are counted.
struct FionreadRiskRule: NodeRule {
    let codes: [Finding.Code] = [.fionread]

    func wants(_ view: NodeView) -> EvidenceRequest {
        guard case .maybeZero = view.ofKernel, !atRisk(view).isEmpty else { return EvidenceRequest() }
        return EvidenceRequest(.kernel, of: [.kernel])
    }

    func evaluate(_ view: NodeView, _ findings: [Finding]) -> [Verdict<Finding>] {
        let (says, isProven): (String, Bool)
        switch view.ofKernel {
        case .zero(let text), .measuredZero(let text): (says, isProven) = (text, true)
        case .maybeZero(let text): (says, isProven) = (text, false)
        case .counts, .unknown: return []
        }
        return atRisk(view).map { .present(finding($0, says, isProven: isProven, view)) }
    }

    private struct MapAtRisk {
        var map: Sockmap
        var entries: [NodeView.ClassifiedEntry]
    }

    private func atRisk(_ view: NodeView) -> [MapAtRisk] {
        view.now.sockmaps.compactMap { map in
            let entries = view.sockmaps.entries(of: map.id).filter {
                // One under another connection's key has a finding of its own.
                $0.state != .crossWired && isAtRisk($0.entry, view)
            }
            return entries.isEmpty ? nil : MapAtRisk(map: map, entries: Array(entries))
        }
    }

    /// One that holds unread bytes is asked about as a connection.
    private func isAtRisk(_ entry: SockmapEntry, _ view: NodeView) -> Bool {
        guard entry.isStable, entry.socket.state == .established, entry.socket.hasSocket,
            view.missesStackBytes(entry.socket), let socket = view.socket(entry.socket.identity)
        else { return false }
        guard (socket.bytesReceived ?? 0) > 0, (socket.unreadBytes ?? 0) == 0 else { return false }
        // What came before its peer was in the map, or with the SYN, came through the stack; the next bytes are redirected.
        guard let peer = view.peer(of: socket), let path = view.sockmaps.redirect(of: peer.socket) else { return true }
        return !path.maps.contains { view.sockmaps.isFiled(socket.socket, in: $0) }
    }

    private func finding(_ risk: MapAtRisk, _ says: String, isProven: Bool, _ view: NodeView) -> Finding {
        let sockets = pluralized(risk.entries.count, "socket")
        let first = risk.entries[0].entry.socket.tuple
        let owners = risk.entries.flatMap { view.owners(of: $0.entry.socket) }
        let askers = owners.filter { Self.askers.contains($0.command) }
        let isExpected = isProven && !askers.isEmpty
        var finding = Finding(
            code: .fionread, severity: isExpected ? .warning : .note, isRepairable: false,
            summary: "at risk: an application that asks FIONREAD before it reads can stall on \(sockets) of "
                + Label.map(risk.map),
            evidence: [
                Fact("FIONREAD", says),
                Fact("sockets", "\(first)\(risk.entries.count > 1 ? " and \(risk.entries.count - 1) more" : "")"),
                Fact("bytes", "received through the stack; no verdict program takes them"),
                Fact(
                    "reader",
                    askers.first.map { "\(Label.process($0)) is known to ask" }
                        ?? "none that is known to ask (nginx, java, dotnet)"),
            ],
            remedy: "update the kernel (6.12.114, 7.2); until then keep applications that ask FIONREAD out of the "
                + "sockmap, or update the agent that inserts their sockets to a version that corrects the answer",
            subject: .init(
                sockets: risk.entries.map(\.entry.socket.identity), entries: risk.entries.map(\.reference),
                holders: askers))
        finding.certainty = isExpected ? .likely : .suspected
        return finding
    }

    /// nginx since 1.17.5, and its derivative; Java's and .NET's sockets: reports of Beyla and OBI (docs/findings).
    private static let askers: Set<String> = ["nginx", "openresty", "java", "dotnet"]
}
