import CLibBPF
import Glibc

/// Programs at the entry of a kernel function.
public enum Fentry {
    /// Whether the kernel loads one that does nothing; it is never attached.
    public static func loads(for function: String) -> Bool {
        let id = unsafe libbpf_find_vmlinux_btf_id(function, BPF_TRACE_FENTRY)
        guard id > 0 else { return false }
        // r0 = 0; exit
        let program = [
            bpf_insn(code: 0xB7, dst_reg: 0, src_reg: 0, off: 0, imm: 0),
            bpf_insn(code: 0x95, dst_reg: 0, src_reg: 0, off: 0, imm: 0),
        ]
        var options = unsafe bpf_prog_load_opts()
        unsafe options.sz = MemoryLayout<bpf_prog_load_opts>.size
        unsafe options.expected_attach_type = BPF_TRACE_FENTRY
        unsafe options.attach_btf_id = UInt32(id)
        let loaded = unsafe bpf_prog_load(
            BPF_PROG_TYPE_TRACING, "unstuck_test", "GPL", program, program.count, &options)
        if loaded >= 0 { close(loaded) }
        return loaded >= 0
    }
}
