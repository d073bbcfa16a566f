import CLibBPF
import CLinuxUAPI
import Glibc

extension BPFProgramHandle {
    /// Where a program can be attached without a link: the attachment lasts as long as what it is attached to.
    public enum Hook: Sendable {
        /// sock_ops, on a cgroup v2 directory.
        case socketOperations
        /// sk_msg, on a SOCKMAP or SOCKHASH.
        case messageVerdict
    }

    /// Attaches to a control group for as long as the link lives: nothing stays behind a process that was killed.
    public func attach(toGroup group: borrowing OwnedDescriptor) throws -> BPFLink {
        let link = unsafe bpf_program__attach_cgroup(program, group.raw)
        guard let link = unsafe link else { throw BPFError("attach", name, errno: errno) }
        return unsafe BPFLink(link)
    }

    /// `BPF_PROG_ATTACH` of this program, loaded before.
    /// - Parameter allowOthers: other programs may be attached beside this one and below (`BPF_F_ALLOW_MULTI`).
    public func attach(_ hook: Hook, to target: borrowing OwnedDescriptor, allowOthers: Bool = false) throws {
        try attach(hook, toDescriptor: target.raw, allowOthers: allowOthers)
    }

    /// As `attach(_:to:allowOthers:)`, for a map of an open object.
    public func attach(_ hook: Hook, to map: BPFMapHandle) throws {
        try attach(hook, toDescriptor: map.descriptor, allowOthers: false)
    }

    private func attach(_ hook: Hook, toDescriptor target: Int32, allowOthers: Bool) throws {
        let type: bpf_attach_type =
            switch hook {
            case .socketOperations: BPF_CGROUP_SOCK_OPS
            case .messageVerdict: BPF_SK_MSG_VERDICT
            }
        let code = bpf_prog_attach(descriptor, target, type, allowOthers ? UInt32(BPF_F_ALLOW_MULTI) : 0)
        guard code >= 0 else { throw BPFError("attach", name, errno: -code) }
    }
}
