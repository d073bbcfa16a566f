import CLibBPF
import Glibc
import UnstuckModel

/// An open descriptor of a sockmap, and what the kernel says about it.
public struct OpenSockmap: ~Copyable {
    public let descriptor: OwnedDescriptor
    /// Without entries.
    public let description: Sockmap
}

/// The machine's BPF maps, by id.
public enum BPFTable {
    /// Ids of every map. Needs CAP_SYS_ADMIN.
    public static func mapIDs() throws(SystemError) -> [UInt32] {
        var ids: [UInt32] = []
        var id: UInt32 = 0
        while true {
            let code = unsafe bpf_map_get_next_id(id, &id)
            if code == 0 {
                ids.append(id)
            } else if errno == ENOENT {
                return ids
            } else {
                throw SystemError("BPF_MAP_GET_NEXT_ID", "after map \(id)", errno: errno, needs: [.sysAdmin])
            }
        }
    }

    /// Opens a map if it is a SOCKMAP or SOCKHASH; `nil` if it is another kind or gone meanwhile.
    public static func openSockmap(id: UInt32) throws(SystemError) -> OpenSockmap? {
        let raw = bpf_map_get_fd_by_id(id)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("BPF_MAP_GET_FD_BY_ID", "map \(id)", errno: errno, needs: [.sysAdmin])
        }
        return try describe(OwnedDescriptor(owning: raw), "map \(id)")
    }

    /// Opens a pinned map, for which the permissions of its file are enough; `nil` if it is no sockmap.
    public static func openSockmap(pin path: String) throws(SystemError) -> OpenSockmap? {
        let raw = try syscall("BPF_OBJ_GET", on: path) { unsafe bpf_obj_get(path) }
        return try describe(OwnedDescriptor(owning: raw), path)
    }

    static func describe(
        _ descriptor: consuming OwnedDescriptor, _ object: String
    ) throws(SystemError) -> OpenSockmap? {
        let raw = descriptor.raw
        var info = bpf_map_info()
        var size = UInt32(MemoryLayout<bpf_map_info>.size)
        try syscall("BPF_OBJ_GET_INFO_BY_FD", on: object) {
            unsafe bpf_obj_get_info_by_fd(raw, &info, &size)
        }
        let kind: Sockmap.Kind
        switch info.type {
        case BPF_MAP_TYPE_SOCKMAP.rawValue: kind = .sockmap
        case BPF_MAP_TYPE_SOCKHASH.rawValue: kind = .sockhash
        default: return nil
        }
        let map = Sockmap(
            id: info.id, name: name(of: info.name), kind: kind, keySize: Int(info.key_size),
            valueSize: Int(info.value_size), maxEntries: Int(info.max_entries))
        return OpenSockmap(descriptor: descriptor, description: map)
    }

    /// A `char name[BPF_OBJ_NAME_LEN]` of the kernel.
    static func name<Characters>(of field: Characters) -> String {
        unsafe withUnsafeBytes(of: field) { raw in
            unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
