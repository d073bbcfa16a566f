import UnstuckModel

/// What a kernel is to each known bug. Proven by what was found of it; where that says nothing, likely by its version and
/// its changelog.
///
/// - Parameter record: `nil`: neither is looked at.
public func evaluateKernel(
    _ evidence: KernelEvidence, record: KernelRecord? = nil, bugs: [KernelBug] = KernelBug.history
) -> [BugVerdict] {
    bugs.map { bug in
        let likelihood = record?.likelihood(of: bug)
        var reasons: [String] = []
        for rule in bug.fingerprint {
            let seen = evidence.look(for: rule.clue)
            if seen.holds == true {
                // A version that says nothing is no news beside a proof.
                let record = likelihood.flatMap { $0.status == nil ? nil : $0.words }
                return BugVerdict(bug, rule.status, basis: .kernel, how: seen.words, record: record)
            }
            // What was looked at and does not decide is worth a word only where nothing does.
            if !reasons.contains(seen.words) { reasons.append(seen.words) }
        }
        if let likelihood, let status = likelihood.status {
            return BugVerdict(bug, status, basis: likelihood.basis, how: likelihood.words)
        }
        let found = reasons.isEmpty ? "the kernel shows no trace of it" : reasons.joined(separator: "; ")
        let rest = likelihood?.words ?? "its vendor's changelog may list the title (--changelog)"
        return BugVerdict(bug, .inconclusive, basis: nil, how: "\(found); \(rest)")
    }
}

extension KernelEvidence {
    /// Whether a clue holds, and in words what was seen of it; `holds` is `nil` where it could not be seen.
    fileprivate func look(for clue: Clue) -> (holds: Bool?, words: String) {
        switch clue {
        case .symbol(let name):
            guard let isThere = symbols[name] else { return (nil, "symbols are not known: \(why("symbols"))") }
            return (isThere, "the symbol table has \(isThere ? "" : "no ")\(name)")
        case .member(let name):
            guard let isThere = members[name] else { return (nil, "BTF is not known: \(why("members"))") }
            return (isThere, "BTF has \(isThere ? "" : "no ")\(name)")
        case .handler(let slot, let names):
            guard let found = name(of: slot) else {
                return (nil, "\(slot.rawValue) of a mapped socket is not known: \(why("handlers"))")
            }
            return (names.contains(found), "\(slot.rawValue) of a mapped socket is \(found)")
        case .option(let name):
            guard let value = options[name] else { return (nil, "CONFIG_\(name) is not known: \(why("options"))") }
            return (value != "n", "CONFIG_\(name) is \(value == "n" ? "not set" : value)")
        case .trial(let trial):
            guard let result = trials[trial] else { return (nil, "not tried: \(why(trial.rawValue))") }
            return (result, "tried: \(trial.words(result))")
        case .not(let clue):
            let seen = look(for: clue)
            return (seen.holds.map { !$0 }, seen.words)
        case .all(let clues): return combine(clues, decidedBy: false)
        case .any(let clues): return combine(clues, decidedBy: true)
        }
    }

    /// One that says `value` decides; else all must be known.
    private func combine(_ clues: [Clue], decidedBy value: Bool) -> (holds: Bool?, words: String) {
        let seen = clues.map(look)
        if let one = seen.first(where: { $0.holds == value }) { return (value, one.words) }
        if let unknown = seen.first(where: { $0.holds == nil }) { return (nil, unknown.words) }
        return (!value, seen.map(\.words).joined(separator: ", "))
    }

    private func name(of slot: Clue.HandlerSlot) -> String? {
        switch slot {
        case .close: handlers?.close
        case .destroy: handlers?.destroy
        case .unhash: handlers?.unhash
        case .ioctl: handlers?.ioctl
        }
    }

    private func why(_ part: String) -> String { unknown[part] ?? "it was not checked" }
}

extension KernelTrial {
    fileprivate func words(_ result: Bool) -> String {
        switch self {
        case .countsStackBytes:
            "FIONREAD of a mapped socket says \(result ? "how many bytes wait" : "0 while a byte of the stack waits")"
        case .endsReceiveOnSignal:
            "a handled signal \(result ? "ends a blocking recv of a mapped socket with EAGAIN" : "does not end a blocking recv of a mapped socket")"
        case .deletesFromTracepoint:
            "the verifier \(result ? "takes" : "refuses") a tracepoint program that deletes from a sockmap"
        case .deletesFromTC:
            "the verifier \(result ? "takes" : "refuses") a tc program that deletes from a sockmap"
        }
    }
}
