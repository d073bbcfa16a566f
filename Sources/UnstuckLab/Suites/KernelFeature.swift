/// What one kernel has and another lacks, as far as tests depend on it. `lab/kernels.toml` declares which kernel provides
/// what; nothing is probed, so a kernel that loses a feature fails the tests instead of skipping them.
public enum KernelFeature: String, Decodable, CaseIterable, Comparable, Sendable {
    /// An unaccepted child stays in its sockmap when its listener closes (Linux commit b8b8315e39ff, "bpf, sockmap: Remove
    /// unhash handler for BPF sockmap usage", to d8616ee2affc, "bpf, sockmap: Fix sk->sk_forward_alloc warn_on in
    /// sk_stream_kill_queues", in v6.0).
    case leak
    /// The opposite: a closing listener takes its unaccepted children out of their sockmap.
    case noLeak = "no-leak"
    /// A socket in CLOSE stays in its sockmap until its last descriptor is closed.
    case zombie
    /// bpf_get_socket_cookie in tracing programs (6.1 has it, 5.10 has not).
    case cookie
    /// A sockmap can be asked which programs are attached to it (Linux commit 748cd5729ac7, "bpf: support BPF_PROG_QUERY for
    /// progs attached to sockmap", in v5.19).
    case mapQuery = "map-query"
    /// kprobe_events in tracefs.
    case kprobes
    /// A BPF program can be loaded for the entry of a kernel function.
    case fentry
    /// Other kernels can be booted from here: this machine, never a guest.
    case emulator
    /// Root may look into every process: no security module, user namespace or container is in the way.
    case openProc = "open-proc"
    /// Its processors are no emulator's: what is about rates, or waits for minutes there, runs here.
    case native
    /// The sources and docs of the project are there: this machine, never a guest.
    case sources
    /// What differs little from kernel to kernel is run here: on the machine and in a kernel that leaks, and in every kernel
    /// by `make test-all`.
    case thorough
    /// What takes minutes where a processor is emulated: on the machine, and in every kernel by `make test-all`.
    case exhaustive

    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}
