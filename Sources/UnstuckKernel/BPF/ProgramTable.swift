import CLibBPF
import Glibc
import UnstuckModel

/// A loaded program as the kernel describes it.
struct LoadedProgram {
    var program: BPFProgram
    /// Its object's BTF; 0: none.
    var btf: UInt32
}

/// The machine's BPF programs, by id.
extension BPFTable {
    /// Ids of every program. Needs CAP_SYS_ADMIN.
    static func programIDs() throws(SystemError) -> [UInt32] {
        var ids: [UInt32] = []
        var id: UInt32 = 0
        while unsafe bpf_prog_get_next_id(id, &id) == 0 { ids.append(id) }
        guard errno == ENOENT else {
            throw SystemError("BPF_PROG_GET_NEXT_ID", "after program \(id)", errno: errno, needs: [.sysAdmin])
        }
        return ids
    }

    /// A loaded program; `nil` if it is gone.
    static func program(id: UInt32) throws(SystemError) -> LoadedProgram? {
        let raw = bpf_prog_get_fd_by_id(id)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("BPF_PROG_GET_FD_BY_ID", "program \(id)", errno: errno, needs: [.sysAdmin])
        }
        let descriptor = OwnedDescriptor(owning: raw)
        var maps = [UInt32](repeating: 0, count: 64)
        var info = bpf_prog_info()
        // Where it has more maps than there is room for, the kernel says how many, and writes what fits.
        repeat {
            if Int(info.nr_map_ids) > maps.count { maps = [UInt32](repeating: 0, count: Int(info.nr_map_ids)) }
            info = bpf_prog_info()
            var size = UInt32(MemoryLayout<bpf_prog_info>.size)
            let code = unsafe maps.withUnsafeMutableBufferPointer { buffer in
                info.nr_map_ids = UInt32(buffer.count)
                info.map_ids = UInt64(UInt(bitPattern: buffer.baseAddress))
                return unsafe bpf_obj_get_info_by_fd(descriptor.raw, &info, &size)
            }
            guard code == 0 else {
                throw SystemError("BPF_OBJ_GET_INFO_BY_FD", "program \(id)", errno: errno)
            }
        } while Int(info.nr_map_ids) > maps.count
        let count = Int(info.nr_map_ids)
        let type = unsafe libbpf_bpf_prog_type_str(bpf_prog_type(info.type)).map { unsafe String(cString: $0) }
        return LoadedProgram(
            program: BPFProgram(id: id, name: name(of: info.name), maps: Array(maps[..<count]), type: type),
            btf: info.btf_id)
    }

    /// Every program that uses one of these maps. A program that ends meanwhile is left out.
    ///
    /// - Throws: as ``programIDs()``.
    static func programs(using maps: Set<UInt32>) throws(SystemError) -> [LoadedProgram] {
        var found: [LoadedProgram] = []
        for id in try programIDs() {
            guard let loaded = try program(id: id), !maps.isDisjoint(with: loaded.program.maps) else { continue }
            found.append(loaded)
        }
        return found
    }
}
