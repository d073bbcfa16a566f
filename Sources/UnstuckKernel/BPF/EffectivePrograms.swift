import CLibBPF
import Glibc
import UnstuckModel

/// The sock_ops programs that run for the sockets of a control group, its parents' included, in their order.
///
/// - Parameter directory: of the control group.
/// - Throws: `SystemError`: the kernel does not say.
public func effectiveSocketPrograms(inGroup directory: String) throws -> [BPFProgram] {
    let group = try OwnedDescriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
    return try AttachedPrograms(of: group.raw, BPF_CGROUP_SOCK_OPS, directory, effective: true).ids.map { id in
        try BPFTable.program(id: id)?.program ?? BPFProgram(id: id, name: "", maps: [])
    }
}
