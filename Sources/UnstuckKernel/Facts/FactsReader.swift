import CLibBPF
import Glibc
import UnstuckModel

/// Reads what a kernel is and has. What is tried is tried on sockets, maps and programs of our own, which are gone
/// afterwards; nothing of the node is touched.
public struct FactsReader {
    private let root: NodeRoot

    public init(root: NodeRoot) { self.root = root }

    public func read() -> KernelFacts {
        let (release, version, machine) = Self.name()
        let types = Result { try KernelTypes() }
        let symbols = Result { try KernelSymbols(looking: KernelBug.askedSymbols) }
        let configuration = KernelConfiguration(release: release, root: root)
        let pair = Result { try MappedPair() }
        var facts = KernelFacts(
            host: line("/proc/sys/kernel/hostname") ?? "", release: release, version: version, machine: machine,
            typeInformation: Self.typeInformation(types), symbolTable: Self.symbolTable(symbols), tracefs: tracefs,
            evidence: evidence(types, symbols, configuration, pair))
        facts.build = line("/proc/version")
        facts.signature = line("/proc/version_signature")
        facts.vendor = vendor
        facts.configurationSource = configuration?.source
        facts.capabilities = Capability.allCases.map {
            KernelFacts.Capability(name: $0.name, isPresent: $0.isPresent, neededFor: $0.neededFor)
        }
        // The last of them ends the private connection.
        facts.features = FeatureTrials(root: root, types: try? types.get(), pair: pair).all()
        return facts
    }

    /// What bugs are evaluated by, alone.
    public func readEvidence() -> KernelEvidence {
        evidence(
            Result { try KernelTypes() }, Result { try KernelSymbols(looking: KernelBug.askedSymbols) },
            KernelConfiguration(release: Self.name().release, root: root), Result { try MappedPair() })
    }

    /// Which kernel this is, by its own words.
    public func identity() -> KernelIdentity {
        let (release, version, _) = Self.name()
        return KernelIdentity(release: release, version: version, signature: line("/proc/version_signature"))
    }

    private static let options = [
        "BPF_SYSCALL", "BPF_JIT", "CGROUP_BPF", "BPF_STREAM_PARSER", "NET_SOCK_MSG", "DEBUG_INFO_BTF", "KALLSYMS",
        "KALLSYMS_ALL", "KPROBES", "KPROBE_EVENTS", "FUNCTION_TRACER", "FUNCTION_GRAPH_TRACER", "FTRACE_SYSCALLS",
        "BPF_EVENTS", "INET_DIAG", "INET_DIAG_DESTROY", "TLS", "MPTCP", "SECURITY_LOCKDOWN_LSM",
    ]

    private func evidence(
        _ types: Result<KernelTypes, any Error>, _ symbols: Result<KernelSymbols, any Error>,
        _ configuration: KernelConfiguration?, _ pair: Result<MappedPair, any Error>
    ) -> KernelEvidence {
        var evidence = KernelEvidence()
        switch types {
        case .success(let types):
            for name in KernelBug.askedMembers {
                let parts = name.split(separator: ".").map(String.init)
                guard parts.count == 2 else { continue }
                evidence.members[name] = types.hasMember(parts[1], of: parts[0])
            }
        case .failure(let error): evidence.unknown["members"] = Self.missing(error)
        }
        switch symbols {
        case .success(let symbols):
            for name in KernelBug.askedSymbols { evidence.symbols[name] = symbols.found.contains(name) }
        case .failure(let error): evidence.unknown["symbols"] = Self.missing(error)
        }
        if let configuration {
            evidence.options = configuration.values(of: Self.options)
        } else {
            evidence.unknown["options"] = "neither /proc/config.gz nor a file of it in /boot or /lib/modules"
        }
        do {
            try look(at: try pair.get(), &evidence)
        } catch {
            let why = "no private mapped socket: \(Self.missing(error))"
            if evidence.handlers == nil { evidence.unknown["handlers"] = why }
            for trial in KernelTrial.allCases where evidence.trials[trial] == nil {
                evidence.unknown[trial.rawValue] = evidence.unknown[trial.rawValue] ?? why
            }
        }
        return evidence
    }

    private func look(at pair: MappedPair, _ evidence: inout KernelEvidence) throws {
        if let result = pair.deletesFromTracepoint() {
            evidence.trials[.deletesFromTracepoint] = result
        } else {
            evidence.unknown[KernelTrial.deletesFromTracepoint.rawValue] = "no tracepoint program can be loaded"
        }
        if let result = pair.deletesFromTC() {
            evidence.trials[.deletesFromTC] = result
        } else {
            evidence.unknown[KernelTrial.deletesFromTC.rawValue] = "no tc program can be loaded"
        }
        var isShared = false
        do {
            (evidence.handlers, isShared) = try pair.handlers()
        } catch {
            evidence.unknown["handlers"] = Self.missing(error)
        }
        do {
            evidence.trials[.endsReceiveOnSignal] = try pair.endsReceiveOnSignal()
        } catch {
            evidence.unknown[KernelTrial.endsReceiveOnSignal.rawValue] = Self.missing(error)
        }
        guard !isShared else {
            evidence.unknown[KernelTrial.countsStackBytes.rawValue] =
                "an accelerator of this node has inserted the test connection too: its bytes may take another way"
            return
        }
        if let counts = try pair.countsStackBytes() {
            evidence.trials[.countsStackBytes] = counts
        } else {
            evidence.unknown[KernelTrial.countsStackBytes.rawValue] = "the byte that was sent did not arrive"
        }
    }

    private static func missing(_ error: any Error) -> String { "\(MissingPrivilege.reason(behind: error))" }

    private static func typeInformation(_ types: Result<KernelTypes, any Error>) -> Support {
        switch types {
        case .success: .supported("read \(MissingPrivilege.btfPath)")
        case .failure(let error):
            MissingPrivilege.hasBTF
                ? .inconclusive("\(error)") : .unsupported("no \(MissingPrivilege.btfPath): iterators cannot be loaded")
        }
    }

    private static func symbolTable(_ symbols: Result<KernelSymbols, any Error>) -> Support {
        switch symbols {
        case .success(let symbols):
            .supported(
                "\(symbols.count) names, "
                    + (symbols.areAddressesHidden
                        ? "their addresses hidden (kernel.kptr_restrict, CAP_SYSLOG): a handler's name must come from BPF"
                        : "with addresses"))
        case .failure(let error): .unsupported("\(error)")
        }
    }

    /// Mounted, or at least there to be mounted.
    private var tracefs: Support {
        if let mount = root.mounts(ofType: "tracefs").first { return .supported("mounted at \(mount)") }
        guard let list = readText("\(root.procfs)/filesystems") else { return .inconclusive("no /proc/filesystems") }
        return list.contains("\ttracefs\n")
            ? .unsupported("not mounted: mount -t tracefs tracefs /sys/kernel/tracing")
            : .unsupported("the kernel has none")
    }

    private var vendor: String? {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            let text = readText(root.path(path)) ?? ""
            for line in text.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
                return String(line.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" })
            }
        }
        return nil
    }

    private func line(_ path: String) -> String? { readText(path).map(\.trimmedLine).flatMap { $0.isEmpty ? nil : $0 } }

    private static func name() -> (release: String, version: String, machine: String) {
        var name = utsname()
        guard unsafe uname(&name) == 0 else { return ("", "", "") }
        return (
            BPFTable.name(of: name.release), BPFTable.name(of: name.version), BPFTable.name(of: name.machine)
        )
    }
}

extension Capability {
    /// What Unstuck does with it.
    var neededFor: String {
        switch self {
        case .netAdmin: "repair --reset-stuck, guard, bypass, canary, sockmap lookup where iter/sockmap is refused"
        case .sysPtrace: "looking into and holding other users' processes"
        case .dacReadSearch: "listing the descriptors of other users' processes"
        case .sysAdmin: "opening maps by id, entering network namespaces"
        case .perfmon, .bpf: "loading the programs that read and repair"
        }
    }
}
