import CLibBPF
import Glibc
import UnstuckModel

/// The sock_ops programs that run for the sockets of a control group, its parents' included, in their order.
///
/// - Parameter directory: of the control group.
/// - Throws: `SystemError`: the kernel does not say.
public func effectiveSocketPrograms(inGroup directory: String) throws -> [BPFProgram] {
    let group = try OwnedDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
    let descriptor = group.raw
    var ids = [UInt32](repeating: 0, count: 64)
    var count = UInt32(ids.count)
    var flags: UInt32 = 0
    try syscall("BPF_PROG_QUERY", on: directory) {
        unsafe bpf_prog_query(
            descriptor, BPF_CGROUP_SOCK_OPS, UInt32(BPF_F_QUERY_EFFECTIVE), &flags, &ids, &count)
    }
    return try ids.prefix(Int(count)).map { id in
        try BPFTable.program(id: id)?.program ?? BPFProgram(id: id, name: "", maps: [])
    }
}
