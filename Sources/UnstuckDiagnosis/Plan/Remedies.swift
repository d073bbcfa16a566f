import UnstuckModel

/// Which ways out fit a finding, each with its trade-off: the same for every rule, so that one finding does not advise what
/// another one advises against. What is on already is not offered.
struct Remedies {
    private let view: NodeView
    private let repairs: RepairRemedies

    init(_ view: NodeView, _ diagnosis: Diagnosis) {
        self.view = view
        repairs = RepairRemedies(view, diagnosis)
    }

    /// Adds what can be done to a finding, and says in a sentence what to do first.
    func complete(_ finding: inout Finding) {
        // Where no sockmap is its cause, nothing that changes one fits.
        guard FindingCatalogue.entry(finding.code)?.place == .sockmap else { return }
        let maps = Set(finding.subject.entries.map(\.map) + [finding.subject.map].compactMap { $0 }).sorted()
        finding.evidence += ProtectionFacts(view).facts(of: maps)
        let repairs = repairs.remedies(for: finding)
        finding.isRepairable = !repairs.isEmpty
        finding.remedies += repairs
        finding.remedies += maps.compactMap { protection(finding, $0) }
        finding.remedies += maps.compactMap { bypass(finding, $0) }
        finding.remedies += [drain(finding), update(finding)].compactMap { $0 }
        finding.remedy = sentence(finding)
    }

    /// What repair does, or why it does nothing, and what the rule advises beside.
    private func sentence(_ finding: Finding) -> String {
        var parts: [String] = []
        if let repair = finding.remedies.first(where: { $0.kind == .repair }) {
            parts.append("unstuck repair \(repair.effect)")
        } else if let obstacle = repairs.obstacle(of: finding) {
            parts.append("repair skips it: \(obstacle)")
        }
        if !finding.remedy.isEmpty {
            // What cannot be undone comes first.
            parts.insert(finding.remedy, at: finding.code == .disclosure ? 0 : parts.count)
        }
        // Of a full map whose stale entries are not proven yet, say.
        return parts.isEmpty ? "nothing can be repaired now: unstuck repair says why" : parts.joined(separator: "; ")
    }

    /// The entry of the finding that is in the way.
    private func wrong(_ finding: Finding) -> NodeView.ClassifiedEntry? {
        finding.subject.entries.first.flatMap(view.sockmaps.entry)
    }

    private func unstuck(_ words: [String]) -> Remedy.Command {
        let root = view.now.root.map { ["--root", $0] } ?? []
        return Remedy.Command(["unstuck"] + words + root)
    }

    // MARK: Guard

    /// A guard removes the entries of sockets that close; a live socket's it leaves alone.
    private func protection(_ finding: Finding, _ map: UInt32) -> Remedy? {
        // A guard removes entries of closed sockets, which are not what these are about.
        guard ![.fionread, .spuriousEagain].contains(finding.code),
            view.now.sockmaps.first(where: { $0.id == map })?.kind == .sockhash,
            !(view.now.protection?.guards.contains { $0.map == map } ?? false)
        else { return nil }
        let evicts = finding.code == .disclosure
        let (effect, outcome): (String, Remedy.Outcome)
        switch finding.code {
        case .misdirected, .disclosure:
            guard let wrong = wrong(finding), wrong.state.isDead else { return nil }
            (effect, outcome) = Self.removal(keepsBytes: !evicts && keepsBytes(wrong), isStuck: isStuck(finding))
        case .zombie, .leaked:
            let held = finding.subject.entries.compactMap(view.sockmaps.entry).contains(where: keepsBytes)
            (effect, outcome) = Self.removal(keepsBytes: held, isStuck: false)
        case .full:
            guard finding.isRepairable else { return nil }
            (effect, outcome) = Self.removal(keepsBytes: false, isStuck: false)
        case .crossWired:
            (effect, outcome) = (
                "while it runs, it removes a socket's entries when it gives up its connection: no new ones of these; this "
                    + "one stays", .prevents
            )
        case .unseen:
            (effect, outcome) = (
                "while it runs, it removes a socket's entries when it closes: no new ones of these", .prevents
            )
        // Nothing that a socket leaves behind.
        default: return nil
        }
        return Remedy(
            .guard, [unstuck(["guard", "up", "--map", "\(map)"] + (evicts ? ["--mode", "evict"] : []))],
            effect: effect, outcome: outcome,
            tradeOff: evicts
                ? "a few microseconds a connection; unread bytes of dead sockets are lost"
                : "a few microseconds a connection; entries with unread bytes are kept until they are read (--mode evict "
                    + "loses the bytes instead)", needs: ["root", "CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"])
    }

    private static func removal(keepsBytes: Bool, isStuck: Bool) -> (String, Remedy.Outcome) {
        let begin = "while it runs, it removes a socket's entries when it closes: no new ones of these; existing ones "
        if isStuck { return (begin + "after two passes, which does not help this connection", .prevents) }
        return keepsBytes
            ? (begin + "after two passes, those with unread bytes when they have been read", .reduces)
            : (begin + "after two passes (10 s)", .clears)
    }

    /// In mode preserve a guard keeps it: its bytes can still be read.
    private func keepsBytes(_ entry: NodeView.ClassifiedEntry) -> Bool {
        entry.entry.socket.liveness != .leaked && entry.entry.socket.psock?.queuedBytes ?? 0 > 0
    }

    private func isStuck(_ finding: Finding) -> Bool { finding.code == .misdirected && finding.subject.stage == .stuck }

    // MARK: Bypass

    /// Of no use where nothing inserts sockets any more, and where nothing is inserted anyway.
    private func bypass(_ finding: Finding, _ map: UInt32) -> Remedy? {
        guard ![.full, .spuriousEagain].contains(finding.code),
            !(view.now.protection?.bypasses.contains { $0.map == map } ?? false)
        else {
            return nil
        }
        let inserts = view.now.programs.contains { program in
            program.type == "sock_ops" && program.maps.contains(map)
                && program.attachments.map { $0.contains { $0.hook == "sock_ops" } } ?? true
        }
        guard inserts else { return nil }
        return Remedy(
            .bypass, [unstuck(["bypass", "on", "--map", "\(map)", "--for", "10m"])],
            effect: "new connections are plain TCP at once and none hangs; established ones are not changed",
            outcome: .prevents, tradeOff: "new connections are not accelerated meanwhile, and stale entries stay",
            needs: ["root", "CAP_BPF", "CAP_NET_ADMIN"])
    }

    // MARK: Drain

    /// A leak outlives its pod: only a restart of the node, or a repair, ends it.
    private func drain(_ finding: Finding) -> Remedy? {
        switch finding.code {
        case .leaked, .full, .unseen:
            // Without pods it is no node of a cluster, for all that is seen.
            guard !view.now.host.isEmpty, !view.now.pods.isEmpty, finding.code != .full || finding.isRepairable else {
                return nil
            }
            return Remedy(
                .drain,
                [
                    Remedy.Command([
                        "kubectl", "drain", view.now.host, "--ignore-daemonsets", "--delete-emptydir-data",
                    ]), Remedy.Command(["kubectl", "uncordon", view.now.host], note: "after the reboot"),
                ], effect: "a reboot empties the map; restarting the pod alone does not", outcome: .clears,
                tradeOff: "every pod of the node moves", needs: ["kubectl"])
        case .zombie, .misdirected, .disclosure, .crossWired:
            // Of a misdirected connection the pod is the receiver's; the socket in the way is of the entry's.
            guard let entry = wrong(finding), entry.entry.socket.hasSocket,
                let pod = view.pod(of: entry.entry.socket), let slash = pod.firstIndex(of: "/")
            else { return nil }
            let (namespace, name) = (String(pod[..<slash]), String(pod[pod.index(after: slash)...]))
            return Remedy(
                .drain, [Remedy.Command(["kubectl", "-n", namespace, "delete", "pod", name])],
                effect: "ends the process that holds the socket, and with it the entry"
                    + (isStuck(finding) ? "; this connection stays without the bytes that it has lost" : ""),
                outcome: isStuck(finding) ? .reduces : .clears,
                tradeOff: "the pod's other connections end too", needs: ["kubectl"])
        default: return nil
        }
    }

    // MARK: Update

    /// docs/kernel-facts.md, sections 1 and 2: by what the entry's socket is.
    private func update(_ finding: Finding) -> Remedy? {
        switch finding.code {
        case .fionread:
            return Remedy(
                .update, [],
                effect: finding.connections?.first?.place.queue == .redirected
                    ? "fixed in 6.6.128, 6.12.75, 6.18.14 and 7.0 (929e30f93125); that brought the same for the stack's bytes, fixed "
                        + "in 6.12.114 and 7.2 (04af4efde58a)"
                    : "fixed in 6.12.114 and 7.2 (04af4efde58a)",
                outcome: .clears, tradeOff: "a reboot", needs: [])
        case .spuriousEagain:
            return Remedy(
                .update, [], effect: "no fix: no kernel up to 7.2 has one", outcome: .nothing, tradeOff: "", needs: [])
        default: break
        }
        guard let entry = wrong(finding) else { return nil }
        let (effect, outcome, tradeOff): (String, Remedy.Outcome, String)
        switch (finding.code, entry.entry.socket.liveness) {
        case (.leaked, .leaked), (.misdirected, .leaked):
            (effect, outcome, tradeOff) = (
                "fixed in 5.10.222, 5.15.79 and 6.0 (d8616ee2affc, \"sock_map_destroy\")", .clears,
                "a reboot, and zombies stay possible"
            )
        case (_, .zombie), (_, .queuedDead):
            (effect, outcome, tradeOff) = (
                "no fix: no kernel up to 7.2 removes the entry of a dead socket that is held open", .nothing, ""
            )
        case (.crossWired, _):
            (effect, outcome, tradeOff) = (
                "no fix: no kernel up to 7.2 removes the entry of a socket that connects anew", .nothing, ""
            )
        default: return nil
        }
        return Remedy(.update, [], effect: effect, outcome: outcome, tradeOff: tradeOff, needs: [])
    }
}
