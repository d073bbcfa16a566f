import CLibBPF
import Glibc
import UnstuckKernel

/// A BPF program that says yes to everything.
public final class TrivialProgram {
    public let descriptor: Int32
    public let id: UInt32

    /// - Parameter map: a map that it names, and does nothing with.
    public init(_ type: bpf_prog_type, _ name: String = "unstuck_test", using map: Int32? = nil) throws {
        // r1 = map; r0 = 1; exit
        let naming = map.map {
            [
                bpf_insn(code: 0x18, dst_reg: 1, src_reg: UInt8(BPF_PSEUDO_MAP_FD), off: 0, imm: $0),
                bpf_insn(code: 0, dst_reg: 0, src_reg: 0, off: 0, imm: 0),
            ]
        }
        let program =
            (naming ?? []) + [
                bpf_insn(code: 0xB7, dst_reg: 0, src_reg: 0, off: 0, imm: 1),
                bpf_insn(code: 0x95, dst_reg: 0, src_reg: 0, off: 0, imm: 0),
            ]
        let loaded = try syscall("BPF_PROG_LOAD", on: name) {
            unsafe bpf_prog_load(type, name, "GPL", program, program.count, nil)
        }
        descriptor = loaded
        var info = bpf_prog_info()
        var size = UInt32(MemoryLayout<bpf_prog_info>.size)
        try syscall("BPF_OBJ_GET_INFO_BY_FD", on: name) { unsafe bpf_obj_get_info_by_fd(loaded, &info, &size) }
        id = info.id
    }

    deinit { close(descriptor) }
}
