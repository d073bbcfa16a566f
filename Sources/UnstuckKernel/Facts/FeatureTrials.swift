import CLibBPF
import CLinuxUAPI
import Glibc
import UnstuckModel

/// What Unstuck's own ways of working need of a kernel, each really tried: loaded, or done in a place of our own.
struct FeatureTrials {
    let root: NodeRoot
    let types: KernelTypes?
    /// The private connection, or why there is none.
    let pair: Result<MappedPair, any Error>

    private typealias Feature = KernelFacts.Feature

    func all() -> [KernelFacts.Feature] { reading() + programs() + sockmaps() + system() }

    private func reading() -> [Feature] {
        [
            Feature(
                "iter/sockmap", neededFor: "every entry in one pass; else keys are looked up one by one",
                .trying("loading and attaching") {
                    let (_, program) = try BPFObject.loaded(
                        embedded: observeSockmapObject, name: "unstuck_observe_sockmap", stem: "observe"
                    ) { try $0.setReadOnlyWord(named: "key_size", 4) }
                    _ = try program.attachIterator(map: try pair.get().map.descriptor.raw)
                }),
            Feature(
                "sockmap lookup",
                neededFor: "the same entries where iter/sockmap is refused; else keys alone are walked",
                .trying("loading, and a run on a private map", needing: [.bpf, .perfmon, .netAdmin]) {
                    let pair = try pair.get()
                    let lookup = try EntryLookup(keySize: 4, descriptor: pair.map.descriptor.raw)
                    guard try lookup.parts(of: pair.map, isShared: false).reduce(0, { $0 + $1.entries.count }) == 2
                    else {
                        throw SystemError("look up", "the private entries", errno: EPROTO)
                    }
                }),
            Feature(
                "sk_lookup test run",
                neededFor: "deleting stale entries where iter/sockmap is refused; else no way is left",
                .trying("loading and running one", needing: [.bpf, .perfmon, .netAdmin]) {
                    let program = try TrialProgram.load(
                        BPF_PROG_TYPE_SK_LOOKUP, TrialProgram.returning(1), for: BPF_SK_LOOKUP)
                    try BPFTestRun(descriptor: program.raw, name: "a trial program").runAsLookup()
                }),
            Feature(
                "iter/task_file",
                neededFor: "handlers, queues and sequence numbers of sockets; else INET_DIAG, which has none",
                .trying("loading and attaching, and a walk of the TCP hash table") { _ = try SocketObserver() }),
            Feature(
                "cookies in tracing",
                neededFor: "telling sockets apart for good; else by address, and by inode while they are held",
                .trying("loading a program that asks for one") {
                    let object = try BPFObject(embedded: observeTaskFileObject, name: "unstuck_task_file")
                    try object.program("observe_plain").setAutoload(false)
                    try object.load()
                }),
            Feature("bpf_snprintf", neededFor: "names of handlers; else /proc/kallsyms", helper("BPF_FUNC_snprintf")),
        ]
    }

    private func programs() -> [Feature] {
        let event = "inet_sock_set_state"
        return [
            Feature(
                "tp_btf", neededFor: "tracing with the kernel's types",
                .trying("loading at \(event)") {
                    _ = try TrialProgram.load(
                        BPF_PROG_TYPE_TRACING, TrialProgram.returning(0), for: BPF_TRACE_RAW_TP, at: event)
                }),
            Feature(
                "tracepoint", neededFor: "tracing without them",
                .trying("loading") {
                    _ = try TrialProgram.load(BPF_PROG_TYPE_TRACEPOINT, TrialProgram.returning(0))
                }),
            Feature(
                "fentry", neededFor: "tracing which functions handle a socket; else kprobes",
                .trying("loading at tcp_close") {
                    _ = try TrialProgram.load(
                        BPF_PROG_TYPE_TRACING, TrialProgram.returning(0), for: BPF_TRACE_FENTRY, at: "tcp_close")
                }),
            Feature("kprobes", neededFor: "the same, with its stacks, where fentry is refused", kprobes),
            Feature(
                "sock_ops", neededFor: "an accelerator, a guard",
                .trying("loading", needing: [.bpf, .netAdmin]) {
                    _ = try TrialProgram.load(BPF_PROG_TYPE_SOCK_OPS, TrialProgram.returning(1))
                }),
            Feature(
                "sock_ops beside others", neededFor: "a guard where an accelerator is attached already", secondAttach),
            Feature(
                "sock_ops STATE_CB", neededFor: "a guard that sees a socket close",
                .trying("loading a program that asks for it", needing: [.bpf, .netAdmin]) {
                    _ = try TrialProgram.load(
                        BPF_PROG_TYPE_SOCK_OPS, TrialProgram.settingFlags(UInt32(BPF_SOCK_OPS_STATE_CB_FLAG)))
                }),
        ]
    }

    private func sockmaps() -> [Feature] {
        let rights: [Capability] = [.bpf, .netAdmin]
        func on(_ action: String, _ body: (MappedPair) throws -> Void) -> Support {
            .trying(action, needing: rights) { try body(try pair.get()) }
        }
        return [
            Feature(
                "sk_msg", neededFor: "an accelerator",
                on("attaching to a private map") { try $0.attach(BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT) }),
            Feature(
                "sk_msg by link", neededFor: "an accelerator that goes with its process; else it is taken off by hand",
                on("linking to a private map") { try $0.link(BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT) }),
            Feature(
                "programs of a sockmap", neededFor: "listing them; else they are inferred from the sockets in the map",
                on("asking a private map (BPF_PROG_QUERY)") { try $0.query() }),
            Feature(
                "cookies by lookup", neededFor: "maps with values of eight bytes, where no program can be loaded",
                on("a lookup in a private map") { try $0.lookUpCookie() }),
            Feature(
                "batches of a sockmap", neededFor: "nothing yet: walking keys would be faster",
                on("asking a private map (BPF_MAP_LOOKUP_BATCH)") { try $0.lookUpBatch() }),
        ]
    }

    private func system() -> [Feature] {
        [
            Feature(
                "bpf_sock_destroy", neededFor: "nothing yet",
                types.map {
                    $0.hasFunction("bpf_sock_destroy")
                        ? .supported("BTF has it") : .unsupported("BTF has no such function")
                } ?? .inconclusive("no BTF")),
            Feature(
                "pidfd_getfd",
                neededFor: "holding a zombie's descriptor while its entry is deleted; else the entry is skipped",
                .trying("duplicating a descriptor of our own", needing: []) {
                    let process = OwnedDescriptor(
                        owning: try syscall("pidfd_open", on: "ourselves") { linux_pidfd_open(getpid()) })
                    let raw = process.raw
                    _ = OwnedDescriptor(
                        owning: try syscall("pidfd_getfd", on: "ourselves") { linux_pidfd_getfd(raw, raw) })
                }),
            Feature(
                "SOCK_DESTROY", neededFor: "repair --reset-stuck (CONFIG_INET_DIAG_DESTROY)",
                .trying("ending a connection of our own", needing: [.netAdmin]) { try pair.get().destroy() }),
        ]
    }

    private func helper(_ name: String) -> Support {
        guard let types else { return .inconclusive("no BTF") }
        return types.hasEnumerator(name, of: "bpf_func_id")
            ? .supported("BTF names it") : .unsupported("BTF has no \(name)")
    }

    /// The performance counters' kind of kprobe, which libbpf attaches with, comes with CONFIG_KPROBE_EVENTS.
    private var kprobes: Support {
        let path = "/sys/bus/event_source/devices/kprobe/type"
        guard unsafe access("/sys/bus/event_source/devices", R_OK) == 0 else { return .inconclusive("no sysfs") }
        guard unsafe access(path, R_OK) == 0 else { return .unsupported("no \(path)") }
        return .trying("\(path) is there, and loading a program") {
            _ = try TrialProgram.load(BPF_PROG_TYPE_KPROBE, TrialProgram.returning(0))
        }
    }

    /// Cilium and others attach alone; then nobody may beside them, nor below. Nothing is attached to find out.
    private var secondAttach: Support {
        var asked = 0
        var alone: [String] = []
        CgroupFinder(root: root).forEach { path, directory in
            guard let group = try? OwnedDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY),
                let attached = try? AttachedPrograms(of: group.raw, BPF_CGROUP_SOCK_OPS, path)
            else { return }
            asked += 1
            if attached.mode == nil, !attached.ids.isEmpty { alone.append(path) }
        }
        if let first = alone.min() {
            let others = alone.count > 1 ? " and \(alone.count - 1) more" : ""
            return .unsupported(
                "a program is attached alone to cgroup \(first)\(others): none may be beside it, nor below")
        }
        return asked == 0
            ? .inconclusive("no cgroup of v2 could be asked (needs CAP_NET_ADMIN or CAP_SYS_ADMIN, and a mount)")
            : .supported("no program is attached alone to any of \(asked) cgroups")
    }
}
