import CLinuxUAPI
import Glibc
import UnstuckModel

/// Names what is missing when the kernel refuses.
public enum MissingPrivilege {
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

    /// Whether a folder can hold pins: they live in a bpffs, which systemd mounts and a container may lack.
    public static func isBPFFS(_ path: String) -> Bool {
        unsafe linux_filesystem_kind(path) == 0xcafe_4a11  // BPF_FS_MAGIC
    }

    /// Why something failed: what it needs, where that can be named (capabilities, the kernel's BTF, root), or the error itself.
    public static func reason(behind error: any Error) -> MissingEvidence.Reason {
        guard let name = name(behind: error) else { return .failed(described(error)) }
        return .needs(name == root ? "\(root) (\(error))" : name)
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
        guard let error = error as? any KernelError else { return nil }
        if let required = error.requires { return required }
        if error is BPFError, !hasBTF { return "the kernel's BTF (\(btfPath))" }
        guard error.errno == EPERM || error.errno == EACCES else { return nil }
        // CAP_SYS_ADMIN replaces each capability of BPF (`bpf_token_capable`, kernel/bpf/token.c, and what was before it).
        let isAllowed = (error is BPFError || error.needs.contains(.bpf)) && Capability.sysAdmin.isPresent
        let absent = isAllowed ? [] : error.needs.filter { !$0.isPresent }.map(\.name)
        if !absent.isEmpty { return absent.joined(separator: ", ") }
        return error is SystemError && geteuid() != 0 ? root : nil
    }
}
