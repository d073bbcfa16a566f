import CLibBPF
import Glibc
import UnstuckModel

/// Programs of a few instructions, loaded to see whether the kernel takes them; they are attached to nothing of others.
enum TrialProgram {
    /// `r0 = value; exit`
    static func returning(_ value: Int32) -> [bpf_insn] {
        [instruction(0xB7, to: 0, imm: value), instruction(0x95)]
    }

    /// `bpf_sock_ops_cb_flags_set(ctx, flags)`, r1 being the context already.
    static func settingFlags(_ flags: UInt32) -> [bpf_insn] {
        [instruction(0xB7, to: 2, imm: Int32(flags)), call(BPF_FUNC_sock_ops_cb_flags_set)] + returning(1)
    }

    /// Deletes the key 0 of four bytes from a map.
    static func deleting(from map: Int32) -> [bpf_insn] {
        [
            instruction(0x62, to: 10, offset: -4),  // the key, on the stack
            instruction(0xBF, to: 2, from: 10), instruction(0x07, to: 2, imm: -4),
            instruction(0x18, to: 1, from: UInt8(BPF_PSEUDO_MAP_FD), imm: map), instruction(0),
            call(BPF_FUNC_map_delete_elem),
        ] + returning(0)
    }

    /// - Parameters:
    ///   - expected: the attach type that the program is for, where its type has several.
    ///   - target: the kernel function, tracepoint or iterator of a tracing program.
    /// - Throws: `SystemError` of loading; ESRCH: the kernel's BTF has no such target.
    static func load(
        _ type: bpf_prog_type, _ program: [bpf_insn], for expected: bpf_attach_type? = nil, at target: String? = nil
    ) throws(SystemError) -> OwnedDescriptor {
        var options = unsafe bpf_prog_load_opts()
        // Up to the last member: libbpf refuses bytes behind it that are not zero, and Swift leaves padding as it was.
        let last = unsafe MemoryLayout<bpf_prog_load_opts>.offset(of: \.log_buf) ?? 0
        unsafe options.sz = last + MemoryLayout<UInt>.size
        if let expected {
            unsafe options.expected_attach_type = expected
            if let target {
                let id = unsafe libbpf_find_vmlinux_btf_id(target, expected)
                guard id > 0 else { throw SystemError("find in the kernel's BTF", target, errno: ESRCH) }
                unsafe options.attach_btf_id = UInt32(id)
            }
        }
        let loaded = unsafe bpf_prog_load(type, "unstuck_trial", "GPL", program, program.count, &options)
        guard loaded >= 0 else {
            throw SystemError("BPF_PROG_LOAD", "a trial program", errno: -loaded, needs: Capability.toLoad)
        }
        return OwnedDescriptor(owning: loaded)
    }

    /// Whether programs of a type may call a helper, by what the verifier says of one that does.
    ///
    /// libbpf's own probe (1.1) knows two of the sentences by which kernels refuse a helper; newer ones, 6.18 among them, have
    /// a third, which it takes for a refusal of the arguments: then every program could call everything.
    static func mayCall(_ helper: bpf_func_id, from type: bpf_prog_type) -> Support.Answer {
        var options = unsafe bpf_prog_load_opts()
        let last = unsafe MemoryLayout<bpf_prog_load_opts>.offset(of: \.log_buf) ?? 0
        unsafe options.sz = last + MemoryLayout<UInt>.size
        if let expected = expectedTypes[type.rawValue] { unsafe options.expected_attach_type = expected }
        if type == BPF_PROG_TYPE_SYSCALL { unsafe options.prog_flags = UInt32(BPF_F_SLEEPABLE) }
        let program = [call(helper), instruction(0x95)]
        var log = [CChar](repeating: 0, count: 4096)
        let loaded = unsafe log.withUnsafeMutableBufferPointer { log in
            unsafe options.log_buf = log.baseAddress
            unsafe options.log_size = UInt32(log.count)
            unsafe options.log_level = 1
            return unsafe bpf_prog_load(type, "unstuck_trial", "GPL", program, program.count, &options)
        }
        if loaded >= 0 {
            close(loaded)
            return .supported
        }
        let words = String(decoding: log.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Refused before the verifier said anything: by a rule that is not about the helper.
        guard !words.isEmpty else { return .inconclusive }
        return refusals.contains(where: words.contains) ? .unsupported : .supported
    }

    private static let refusals = ["invalid func ", "unknown func ", "program of this type cannot use helper "]

    /// Types of which a program must say where it goes.
    private static let expectedTypes: [UInt32: bpf_attach_type] = [
        BPF_PROG_TYPE_CGROUP_SOCK_ADDR.rawValue: BPF_CGROUP_INET4_CONNECT,
        BPF_PROG_TYPE_CGROUP_SOCKOPT.rawValue: BPF_CGROUP_GETSOCKOPT,
        BPF_PROG_TYPE_SK_LOOKUP.rawValue: BPF_SK_LOOKUP,
    ]

    private static func instruction(
        _ code: UInt8, to: UInt8 = 0, from: UInt8 = 0, offset: Int16 = 0, imm: Int32 = 0
    ) -> bpf_insn {
        bpf_insn(code: code, dst_reg: to, src_reg: from, off: offset, imm: imm)
    }

    private static func call(_ helper: bpf_func_id) -> bpf_insn {
        instruction(0x85, imm: Int32(bitPattern: helper.rawValue))
    }
}

extension Support {
    /// Tries something; what failed for want of a right or of memory says nothing of the kernel.
    ///
    /// - Parameter needed: the capabilities without which a refusal proves nothing.
    static func trying(
        _ action: String, needing needed: [Capability] = [.bpf, .perfmon], _ body: () throws -> Void
    ) -> Support {
        do {
            try body()
            return .supported("\(action) works")
        } catch {
            let code = (error as? any KernelError)?.errno ?? 0
            let why = "\(action): \(name(ofError: code) ?? "\(error)")"
            let absent = needed.filter { !$0.isPresent }.map(\.name)
            switch code {
            case EPERM, EACCES:
                return absent.isEmpty
                    ? .unsupported("\(why), although \(needed.map(\.name).joined(separator: ", ")) are there")
                    : .inconclusive("\(why): needs \(absent.joined(separator: ", "))")
            case EINVAL, ENOSYS, EOPNOTSUPP, notSupported, ESRCH, ENOENT, EPROTONOSUPPORT: return .unsupported(why)
            default: return .inconclusive(why)
            }
        }
    }

    /// ENOTSUPP, which the kernel keeps to itself and lets out all the same.
    static let notSupported: Int32 = 524

    private static func name(ofError code: Int32) -> String? {
        switch code {
        case 0: nil
        case notSupported: "not supported (ENOTSUPP)"
        default: unsafe String(cString: strerror(code))
        }
    }
}
