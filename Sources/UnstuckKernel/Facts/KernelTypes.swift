import CLibBPF
import Glibc

/// The kernel's own types, by name.
@safe
final class KernelTypes {  // owns the btf, and frees it once
    private let btf: OpaquePointer
    /// BTF_KIND_FUNC: two headers say it, in two ways.
    private static let functionKind: UInt32 = 12

    /// - Throws: `BPFError` where there is no BTF, or it cannot be read.
    init() throws {
        LibBPFLog.shared.start()
        guard let btf = unsafe btf__load_vmlinux_btf() else {
            throw BPFError("read", "the kernel's BTF", errno: errno)
        }
        unsafe self.btf = btf
    }

    deinit { unsafe btf__free(btf) }

    /// Whether a structure or union has a member of that name; members of unnamed structures inside it count.
    func hasMember(_ member: String, of structure: String) -> Bool {
        [BTF_KIND_STRUCT, BTF_KIND_UNION].contains { kind in
            let id = unsafe btf__find_by_name_kind(btf, structure, UInt32(kind))
            return id > 0 && hasMember(member, in: UInt32(id), depth: 0)
        }
    }

    private func hasMember(_ name: String, in id: UInt32, depth: Int) -> Bool {
        guard depth < 8, let type = unsafe btf__type_by_id(btf, id), unsafe btf_is_composite(type),
            let members = unsafe btf_members(type)
        else { return false }
        for index in 0..<Int(unsafe btf_vlen(type)) {
            let own = unsafe text(members[index].name_off)
            if own == name { return true }
            if own.isEmpty, unsafe hasMember(name, in: members[index].type, depth: depth + 1) { return true }
        }
        return false
    }

    func hasFunction(_ name: String) -> Bool {
        unsafe btf__find_by_name_kind(btf, name, Self.functionKind) > 0
    }

    /// Whether an enumeration of that name has a member of this one: `bpf_func_id` tells the helpers.
    func hasEnumerator(_ name: String, of enumeration: String) -> Bool {
        let id = unsafe btf__find_by_name_kind(btf, enumeration, UInt32(BTF_KIND_ENUM))
        guard id > 0, let type = unsafe btf__type_by_id(btf, UInt32(id)), let members = unsafe btf_enum(type) else {
            return false
        }
        return (0..<Int(unsafe btf_vlen(type))).contains { unsafe text(members[$0].name_off) == name }
    }

    private func text(_ offset: UInt32) -> String {
        unsafe btf__name_by_offset(btf, offset).map { unsafe String(cString: $0) } ?? ""
    }
}
