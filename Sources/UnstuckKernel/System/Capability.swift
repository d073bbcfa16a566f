/// Capabilities that Unstuck can need, by number (`include/uapi/linux/capability.h`).
public enum Capability: Int, Sendable, CaseIterable {
    case dacReadSearch = 2
    case netAdmin = 12
    case sysPtrace = 19
    case sysAdmin = 21
    case perfmon = 38
    case bpf = 39

    public var name: String {
        switch self {
        case .dacReadSearch: "CAP_DAC_READ_SEARCH"
        case .netAdmin: "CAP_NET_ADMIN"
        case .sysPtrace: "CAP_SYS_PTRACE"
        case .sysAdmin: "CAP_SYS_ADMIN"
        case .perfmon: "CAP_PERFMON"
        case .bpf: "CAP_BPF"
        }
    }

    /// To load any program of ours.
    public static let toLoad: [Capability] = [.bpf, .perfmon]
    /// To load or run a program of a type that is about the network (`is_net_admin_prog_type`, kernel/bpf/syscall.c).
    public static let toLoadForNetwork: [Capability] = toLoad + [.netAdmin]

    /// In this process's effective set.
    public var isPresent: Bool {
        guard
            let line = readText("/proc/thread-self/status")?.split(separator: "\n").first(where: {
                $0.hasPrefix("CapEff:")
            }),
            let mask = UInt64(line.dropFirst(7).filter { $0.isHexDigit }, radix: 16)
        else { return false }
        // CAP_DAC_OVERRIDE (1) allows all that CAP_DAC_READ_SEARCH does (`generic_permission`, fs/namei.c).
        let alike: UInt64 = self == .dacReadSearch ? 1 << 1 : 0
        return mask & (1 << UInt64(rawValue) | alike) != 0
    }
}
