import CLinuxUAPI
import Glibc

/// Names what is missing when the kernel refuses.
public enum MissingPrivilege {
    /// Capabilities by number (`include/uapi/linux/capability.h`).
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

        /// For any program; tc and sk_lookup programs take ``netAdmin`` as well.
        static let toLoad: [Capability] = [.bpf, .perfmon]

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

    /// Capabilities that looking into other users' processes takes and this process has not: to list the descriptors of one
    /// CAP_DAC_READ_SEARCH (the folder is its user's, `proc_fd_permission`), to follow them and to read its namespaces
    /// CAP_SYS_PTRACE (`proc_fd_access_allowed`, fs/proc/base.c).
    public static var missingForProcesses: [String] {
        [Capability.sysPtrace, .dacReadSearch].filter { !$0.isPresent }.map(\.name)
    }

    /// The same, to stand behind "needs" where a process could not be looked into.
    public static var lookingIntoProcesses: String {
        let missing = missingForProcesses
        return missing.isEmpty
            ? "a way into them: \(Capability.sysPtrace.name) and \(Capability.dacReadSearch.name) are present, and a security "
                + "module or a user namespace refuses" : missing.joined(separator: ", ")
    }

    /// What the kernel lets a BPF program of ours do is written in its own type information.
    public static let btfPath = "/sys/kernel/btf/vmlinux"
    public static var hasBTF: Bool { unsafe access(btfPath, R_OK) == 0 }

    /// The call of a `SystemError` about a folder of pins.
    public static let pinning = "make the pins' folder"

    /// Whether a folder can hold pins: they live in a bpffs, which systemd mounts and a container may lack.
    public static func isBPFFS(_ path: String) -> Bool {
        unsafe linux_filesystem_kind(path) == 0xcafe_4a11  // BPF_FS_MAGIC
    }

    /// What is missing, to stand behind "needs": the capabilities, the kernel's BTF, root, or the error itself.
    public static func missing(behind error: any Error) -> String {
        guard let name = name(behind: error) else { return described(error) }
        return name == root ? "\(root) (\(error))" : name
    }

    /// An error, and what is missing if that can be named.
    public static func words(for error: any Error) -> String {
        name(behind: error).map { "\(error) (needs \($0))" } ?? described(error)
    }

    private static let root = "root"

    private static func described(_ error: any Error) -> String {
        if let error = error as? BPFError, let last = error.words.last { return "\(error) (\(last))" }
        return "\(error)"
    }

    private static func name(behind error: any Error) -> String? {
        if let error = error as? SystemError, error.call == pinning {
            let parent = error.object.prefix(upTo: error.object.lastIndex(of: "/") ?? error.object.startIndex)
            if !isBPFFS(String(parent)) { return "a bpffs: mount -t bpf bpf \(parent)" }
        }
        let (code, needed): (Int32, [Capability]) =
            switch error {
            // Those that are run by BPF_PROG_TEST_RUN are tc and sk_lookup programs.
            case let error as BPFError where error.object.contains("_lookup"):
                (error.errno, Capability.toLoad + [.netAdmin])
            case let error as BPFError: (error.errno, Capability.toLoad)
            case let error as SystemError where error.call == "setns": (error.errno, [.sysAdmin])
            case let error as SystemError where error.call.hasPrefix("BPF_"): (error.errno, [.sysAdmin])
            case let error as SystemError where error.call == "SOCK_DESTROY": (error.errno, [.netAdmin])
            default: (0, [])
            }
        // CAP_SYS_ADMIN stands for each right to load (`bpf_token_capable`, kernel/bpf/token.c, and what was before it).
        let isAllowed = error is BPFError && Capability.sysAdmin.isPresent
        if error is BPFError, !hasBTF { return "the kernel's BTF (\(btfPath))" }
        let absent = isAllowed ? [] : needed.filter { !$0.isPresent }.map(\.name)
        if code == EPERM || code == EACCES, !absent.isEmpty { return absent.joined(separator: ", ") }
        if let error = error as? SystemError, error.errno == EPERM || error.errno == EACCES, geteuid() != 0 {
            return root
        }
        return nil
    }
}
