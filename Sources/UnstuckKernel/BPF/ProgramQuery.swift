import CLibBPF
import Glibc

/// What BPF_PROG_QUERY says is attached to a cgroup or a map.
struct AttachedPrograms {
    /// All of them, however many, in the kernel's order.
    var ids: [UInt32]
    /// `multi`, `override`, or `nil`: it keeps all others out.
    var mode: String?

    /// - Parameters:
    ///   - target: a descriptor of the cgroup or map.
    ///   - object: what that is, for an error.
    ///   - effective: those of the parents as well.
    init(
        of target: Int32, _ type: bpf_attach_type, _ object: @autoclosure () -> String, effective: Bool = false
    ) throws(SystemError) {
        var room = [UInt32](repeating: 0, count: 64)
        while true {
            var count = UInt32(room.count)
            var flags: UInt32 = 0
            let options = effective ? UInt32(BPF_F_QUERY_EFFECTIVE) : 0
            if unsafe bpf_prog_query(target, type, options, &flags, &room, &count) == 0 {
                ids = Array(room.prefix(Int(count)))
                mode =
                    flags & UInt32(BPF_F_ALLOW_MULTI) != 0
                    ? "multi" : flags & UInt32(BPF_F_ALLOW_OVERRIDE) != 0 ? "override" : nil
                return
            }
            // The kernel says how many there are (`__cgroup_bpf_query`, kernel/bpf/cgroup.c).
            guard errno == ENOSPC, Int(count) > room.count else {
                throw SystemError("BPF_PROG_QUERY", object(), errno: errno, needs: [.netAdmin])
            }
            room = [UInt32](repeating: 0, count: Int(count))
        }
    }
}
