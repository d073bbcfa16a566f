import UnstuckModel

/// Which ways out fit a finding, each with its price: the same for every rule, so that one finding does not advise what
/// another one advises against.
struct Remedies {
    private let view: NodeView

    init(_ view: NodeView) { self.view = view }

    func remedies(for finding: Finding) -> [Remedy] {
        // Where no sockmap is its cause, nothing that changes one fits.
        guard FindingCatalogue.entry(finding.code)?.place == .sockmap else { return [] }
        let maps = Set(finding.subject.entries.map(\.map) + [finding.subject.map].compactMap { $0 }).sorted()
        let given = maps.map { " --map \($0)" }.joined()
        var remedies: [Remedy] = []
        if let repair = repair(finding, given) { remedies.append(repair) }
        let isOfStaleEntries = finding.code != .fionread && finding.code != .spuriousEagain
        if !maps.isEmpty, isOfStaleEntries { remedies.append(protection(finding, given)) }
        if finding.code != .spuriousEagain { remedies += maps.compactMap(bypass) }
        remedies += [drain(finding), update(finding)].compactMap { $0 }
        return remedies
    }

    private func repair(_ finding: Finding, _ maps: String) -> Remedy? {
        let command = "unstuck repair --apply" + maps
        let tradeOff = "a race window of a few instructions for each entry"
        switch finding.code {
        case .leaked:
            return Remedy(
                .repair, [command], effect: "deletes them; no process can read the bytes they hold", tradeOff: tradeOff)
        case .zombie:
            return Remedy(
                .repair, [command],
                effect: "deletes them, except those with unread bytes that no live connection claims",
                tradeOff: tradeOff)
        case .unseen:
            return Remedy(
                .repair, [command + " --without-iterator"], effect: "deletes them where the map's values are cookies",
                tradeOff: "the socket behind the entry is not seen, and the race window is wider")
        case .misdirected where finding.isRepairable:
            return Remedy(
                .repair, [command + " --reset-stuck"],
                effect: "deletes the stale entry, and resets this connection if bytes are lost",
                tradeOff: "this connection is reset: its misdelivered bytes stay lost")
        case .disclosure where finding.isRepairable:
            return Remedy(
                .repair, [command], effect: "no further byte is delivered there",
                tradeOff: "bytes that were read stay known to their reader")
        case .full where finding.isRepairable:
            return Remedy(.repair, [command], effect: "makes room", tradeOff: tradeOff)
        default: return nil
        }
    }

    private func protection(_ finding: Finding, _ maps: String) -> Remedy {
        let mode = finding.code == .disclosure ? " --mode evict" : ""
        return Remedy(
            .guard, ["unstuck guard up" + maps + mode],
            effect: finding.code == .crossWired
                ? "removes a socket's entries when it gives up its connection: no new ones of these"
                : "removes a socket's entries when it closes: no new ones of these; existing ones after two snapshots",
            tradeOff: mode.isEmpty
                ? "a few microseconds a connection; entries with unread bytes are kept until they are read (--mode evict loses "
                    + "the bytes instead)"
                : "a few microseconds a connection; unread bytes of dead sockets are lost")
    }

    /// Of no use where nothing files sockets any more.
    private func bypass(_ map: UInt32) -> Remedy? {
        guard view.now.programs.contains(where: { $0.type == "sock_ops" && $0.maps.contains(map) }) else { return nil }
        return Remedy(
            .bypass, ["unstuck bypass on --map \(map) --for 10m"],
            effect: "new connections are plain TCP at once and none hangs; established ones are not changed",
            tradeOff: "new connections are not accelerated meanwhile, and stale entries stay")
    }

    /// A leak outlives its pod: only a restart of the node, or a repair, ends it.
    private func drain(_ finding: Finding) -> Remedy? {
        let host = view.now.host
        switch finding.code {
        case .leaked, .full, .unseen:
            guard !host.isEmpty else { return nil }
            return Remedy(
                .drain,
                [
                    "kubectl drain \(Self.word(host)) --ignore-daemonsets --delete-emptydir-data",
                    "kubectl uncordon \(Self.word(host))  # after the reboot",
                ], effect: "a reboot empties the map; restarting the pod alone does not",
                tradeOff: "every pod of the node moves")
        case .zombie, .misdirected, .disclosure, .crossWired:
            guard let pod = finding.subject.pod, let slash = pod.firstIndex(of: "/") else { return nil }
            let (namespace, name) = (pod[..<slash], pod[pod.index(after: slash)...])
            return Remedy(
                .drain, ["kubectl -n \(Self.word(String(namespace))) delete pod \(Self.word(String(name)))"],
                effect: "ends the process that holds the socket, and with it the entry",
                tradeOff: "the pod's other connections end too")
        default: return nil
        }
    }

    /// A name as a shell takes it: what a node says of itself is not trusted.
    private static func word(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte >= 0x30 && byte <= 0x39 || byte >= 0x61 && byte <= 0x7A || byte >= 0x41 && byte <= 0x5A
                    || byte == 0x2D
                    || byte == 0x2E || byte == 0x5F
            }
        return isPlain
            ? text
            : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }

    /// docs/kernel-facts.md, sections 1 and 2.
    private func update(_ finding: Finding) -> Remedy? {
        switch finding.code {
        case .leaked:
            Remedy(
                .update, [], effect: "fixed in 5.10.222, 5.15.79 and 6.0 (d8616ee2affc, \"sock_map_destroy\")",
                tradeOff: "a reboot, and zombies stay possible")
        case .zombie, .misdirected, .disclosure, .crossWired:
            Remedy(
                .update, [], effect: "no fix: no kernel up to 7.2 removes the entry of a dead socket that is held open",
                tradeOff: "")
        case .fionread:
            Remedy(
                .update, [],
                effect: finding.connections?.first?.place.queue == .redirected
                    ? "fixed in 6.6.128, 6.12.75, 6.18.14 and 7.0 (929e30f93125); that brought the same for the stack's bytes, fixed "
                        + "in 6.12.114 and 7.2 (04af4efde58a)"
                    : "fixed in 6.12.114 and 7.2 (04af4efde58a)",
                tradeOff: "a reboot")
        case .spuriousEagain:
            Remedy(.update, [], effect: "no fix: no kernel up to 7.2 has one", tradeOff: "")
        default: nil
        }
    }
}
