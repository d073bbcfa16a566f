import CLibBPF
import Glibc
import UnstuckModel

/// Reads the C type of a map's keys from the BTF of a program that uses the map.
///
/// The kernel keeps none on a SOCKMAP or SOCKHASH: their operations have `map_check_no_btf` (net/core/sock_map.c), and
/// libbpf leaves it out. But a program's BTF is that of its object file, whose `.maps` section tells each map's key.
@safe
final class KeyTypeReader {  // owns the btf, and frees it once
    private let btf: OpaquePointer
    private static let mostMembers = 64
    private static let deepest: Int = 8
    /// A map's name as the kernel knows it (BPF_OBJ_NAME_LEN, less its NUL).
    private static let longestName = 15

    /// - Parameter id: of a loaded BTF object; `nil` if it is gone or cannot be read.
    init?(btf id: UInt32) {
        guard id != 0, let btf = unsafe btf__load_from_kernel_by_id(id) else { return nil }
        unsafe self.btf = btf
    }

    deinit { unsafe btf__free(btf) }

    /// The key's type of the map that the kernel knows by `name`; `nil` where the BTF does not tell it.
    ///
    /// - Parameter size: bytes of a key; a type of another size is not meant.
    func keyType(ofMap name: String, size: Int) -> KeyType? {
        for id in 1..<max(unsafe btf__type_cnt(btf), 1) {
            guard let variable = unsafe btf__type_by_id(btf, id), unsafe btf_is_var(variable),
                String(text(unsafe variable.pointee.name_off).prefix(Self.longestName)) == name,
                let key = unsafe keyID(ofDefinition: variable.pointee.type),
                unsafe btf__resolve_size(btf, key) == Int64(size)
            else { continue }
            var members: [KeyType.Member] = []
            flatten(key, at: 0, named: "", depth: 0, into: &members)
            guard !members.isEmpty else { return nil }
            return KeyType(name: typeName(key), size: size, members: members)
        }
        return nil
    }

    /// The type that a map's definition (`__type(key, struct …)`) points to.
    private func keyID(ofDefinition id: UInt32) -> UInt32? {
        guard let definition = unsafe resolved(id), unsafe btf_is_struct(definition.type) else { return nil }
        let members = unsafe btf_members(definition.type)
        for index in 0..<Int(unsafe btf_vlen(definition.type)) {
            guard let member = unsafe members.map({ unsafe $0[index] }), text(member.name_off) == "key",
                let pointer = unsafe resolved(member.type), unsafe btf_is_ptr(pointer.type)
            else { continue }
            return unsafe pointer.type.pointee.type
        }
        return nil
    }

    private func flatten(
        _ id: UInt32, at offset: Int, named name: String, depth: Int, into members: inout [KeyType.Member]
    ) {
        guard depth <= Self.deepest, members.count < Self.mostMembers, let found = unsafe resolved(id) else { return }
        guard unsafe btf_is_composite(found.type) else {
            let size = unsafe Int(clamping: btf__resolve_size(btf, id))
            guard size > 0 else { return }
            members.append(
                KeyType.Member(name: name.isEmpty ? "key" : name, type: typeName(id), offset: offset, size: size))
            return
        }
        let inner = unsafe btf_members(found.type)
        for index in 0..<Int(unsafe btf_vlen(found.type)) {
            guard let member = unsafe inner.map({ unsafe $0[index] }) else { return }
            let bits = unsafe btf_member_bit_offset(found.type, UInt32(index))
            let own = text(member.name_off)
            let full = [name, own].filter { !$0.isEmpty }.joined(separator: ".")
            flatten(member.type, at: offset + Int(bits / 8), named: full, depth: depth + 1, into: &members)
        }
    }

    /// A type behind typedefs and qualifiers.
    private func resolved(_ id: UInt32) -> (id: UInt32, type: UnsafePointer<btf_type>)? {
        let end = unsafe btf__resolve_type(btf, id)
        guard end > 0, let type = unsafe btf__type_by_id(btf, UInt32(end)) else { return nil }
        return unsafe (UInt32(end), type)
    }

    private func typeName(_ id: UInt32) -> String {
        guard let type = unsafe btf__type_by_id(btf, id) else { return "?" }
        let own = unsafe text(type.pointee.name_off)
        if !own.isEmpty { return own }
        guard let end = unsafe resolved(id) else { return "?" }
        if unsafe btf_is_array(end.type), let array = unsafe btf_array(end.type) {
            return unsafe "\(typeName(array.pointee.type))[\(array.pointee.nelems)]"
        }
        let name = unsafe text(end.type.pointee.name_off)
        return name.isEmpty ? "(anonymous)" : name
    }

    private func text(_ offset: UInt32) -> String {
        unsafe btf__name_by_offset(btf, offset).map { unsafe String(cString: $0) } ?? ""
    }
}
