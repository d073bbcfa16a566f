import Glibc

/// Names what is missing when the kernel refuses.
public enum Requirement {
    /// Capabilities by number (`include/uapi/linux/capability.h`).
    public enum Capability: Int, Sendable, CaseIterable {
        case netAdmin = 12
        case sysPtrace = 19
        case sysAdmin = 21
        case perfmon = 38
        case bpf = 39

        public var name: String {
            switch self {
            case .netAdmin: "CAP_NET_ADMIN"
            case .sysPtrace: "CAP_SYS_PTRACE"
            case .sysAdmin: "CAP_SYS_ADMIN"
            case .perfmon: "CAP_PERFMON"
            case .bpf: "CAP_BPF"
            }
        }

        /// In this process's effective set.
        public var isPresent: Bool {
            guard
                let line = readText("/proc/thread-self/status")?.split(separator: "\n").first(where: {
                    $0.hasPrefix("CapEff:")
                }),
                let mask = UInt64(line.dropFirst(7).filter { $0.isHexDigit }, radix: 16)
            else { return false }
            return mask & 1 << UInt64(rawValue) != 0
        }
    }

    /// What the kernel lets a BPF program of ours do is written in its own type information.
    public static let btfPath = "/sys/kernel/btf/vmlinux"
    public static var hasBTF: Bool { unsafe access(btfPath, R_OK) == 0 }

    /// What is missing, in words: the capabilities, the kernel's BTF, or the error itself.
    public static func missing(behind error: any Error) -> String {
        let (code, needed): (Int32, [Capability]) =
            switch error {
            case let error as BPFError: (error.errno, [.bpf, .perfmon])
            case let error as SystemError where error.call == "setns": (error.errno, [.sysAdmin])
            case let error as SystemError where error.call.hasPrefix("BPF_"): (error.errno, [.sysAdmin])
            case let error as SystemError where error.call == "SOCK_DESTROY": (error.errno, [.netAdmin])
            default: (0, [])
            }
        if error is BPFError, !hasBTF { return "the kernel's BTF (\(btfPath))" }
        let absent = needed.filter { !$0.isPresent }.map(\.name)
        if code == EPERM || code == EACCES, !absent.isEmpty { return absent.joined(separator: ", ") }
        if let error = error as? BPFError, let last = error.words.last { return "\(error) (\(last))" }
        return "\(error)"
    }
}
