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
    /// Types and members that are looked at in all: BTF is anybody's. A program's own has some thousand types; what goes
    /// beyond is hostile, and then nothing is said of any key.
    private var budget = 1 << 18
    private var isSpent: Bool { budget < 0 }
    /// A map's name as the kernel knows it (BPF_OBJ_NAME_LEN, less its NUL).
    private static let longestName = 15

    /// - Parameter id: of a loaded BTF object; `nil` if it is gone or cannot be read.
    init?(btf id: UInt32) {
        guard id != 0, let btf = unsafe btf__load_from_kernel_by_id(id) else { return nil }
        unsafe self.btf = btf
    }

    /// - Parameter bytes: of a BTF object; `nil` if they are none.
    init?(_ bytes: [UInt8]) {
        guard let btf = unsafe btf__new(bytes, UInt32(bytes.count)) else { return nil }
        unsafe self.btf = btf
    }

    deinit { unsafe btf__free(btf) }

    /// The key's type of the map that the kernel knows by `name`; `nil` where the BTF does not tell it, or does so with more
    /// types, members or levels than a key has: half of a type would speak against the right layout.
    ///
    /// - Parameter size: bytes of a key; a type of another size is not meant.
    func keyType(ofMap name: String, size: Int) -> KeyType? {
        for id in 1..<max(unsafe btf__type_cnt(btf), 1) {
            budget -= 1
            guard !isSpent else { return nil }
            guard let variable = unsafe btf__type_by_id(btf, id), unsafe btf_is_var(variable),
                String(text(unsafe variable.pointee.name_off).prefix(Self.longestName)) == name,
                let key = unsafe keyID(ofDefinition: variable.pointee.type),
                unsafe btf__resolve_size(btf, key) == Int64(size)
            else { continue }
            var members: [KeyType.Member] = []
            guard flatten(key, at: 0, named: "", depth: 0, into: &members), !members.isEmpty else { return nil }
            return KeyType(name: typeName(key), size: size, members: members)
        }
        return nil
    }

    /// The type that a map's definition (`__type(key, struct …)`) points to.
    private func keyID(ofDefinition id: UInt32) -> UInt32? {
        guard let definition = unsafe resolved(id), unsafe btf_is_struct(definition.type) else { return nil }
        let members = unsafe btf_members(definition.type)
        for index in 0..<Int(unsafe btf_vlen(definition.type)) {
            budget -= 1
            guard !isSpent else { return nil }
            guard let member = unsafe members.map({ unsafe $0[index] }), text(member.name_off) == "key",
                let pointer = unsafe resolved(member.type), unsafe btf_is_ptr(pointer.type)
            else { continue }
            return unsafe pointer.type.pointee.type
        }
        return nil
    }

    /// - Returns: whether all of it was listed.
    private func flatten(
        _ id: UInt32, at offset: Int, named name: String, depth: Int, into members: inout [KeyType.Member]
    ) -> Bool {
        budget -= 1
        guard !isSpent, depth <= Self.deepest, let found = unsafe resolved(id) else { return false }
        guard unsafe btf_is_composite(found.type) else {
            let size = unsafe Int(clamping: btf__resolve_size(btf, id))
            guard size > 0 else { return true }  // an array without elements takes no place
            members.append(
                KeyType.Member(name: name.isEmpty ? "key" : name, type: typeName(id), offset: offset, size: size))
            return members.count <= Self.mostMembers
        }
        let inner = unsafe btf_members(found.type)
        for index in 0..<Int(unsafe btf_vlen(found.type)) {
            guard let member = unsafe inner.map({ unsafe $0[index] }) else { return false }
            let bits = unsafe btf_member_bit_offset(found.type, UInt32(index))
            let own = text(member.name_off)
            let full = [name, own].filter { !$0.isEmpty }.joined(separator: ".")
            guard
                flatten(member.type, at: offset + Int(bits / 8), named: full, depth: depth + 1, into: &members)
            else { return false }
        }
        return true
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
