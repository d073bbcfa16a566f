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

/// A map pinned in a bpffs, opened by its path.
public struct PinnedMap: ~Copyable {
    private let descriptor: OwnedDescriptor
    private let path: String

    public init(path: String) throws {
        let raw = unsafe bpf_obj_get(path)
        guard raw >= 0 else { throw BPFError("open pinned map", path, errno: -raw) }
        descriptor = OwnedDescriptor(owning: raw)
        self.path = path
    }

    public func id() throws -> UInt32 {
        var info = bpf_map_info()
        var size = UInt32(MemoryLayout<bpf_map_info>.size)
        let code = unsafe bpf_obj_get_info_by_fd(descriptor.raw, &info, &size)
        guard code == 0 else { throw BPFError("describe map", path, errno: -code) }
        return info.id
    }

    /// Every key, in the kernel's order. A key that is deleted meanwhile restarts the walk; repeats are left out.
    /// - Parameter size: bytes of a key.
    public func keys(size: Int) throws -> Set<[UInt8]> {
        var seen = Set<[UInt8]>()
        var next = [UInt8](repeating: 0, count: size)
        var code = unsafe bpf_map_get_next_key(descriptor.raw, nil, &next)
        // Every turn adds a key or ends the loop, except a restart; those are bounded by the second condition.
        var turns = 0
        while code == 0, turns < 10_000_000 {
            turns += 1
            seen.insert(next)
            let previous = next
            code = unsafe bpf_map_get_next_key(descriptor.raw, previous, &next)
        }
        guard code == 0 || code == -ENOENT else { throw BPFError("walk map", path, errno: -code) }
        return seen
    }
}
