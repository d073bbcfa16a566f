/// Why an accelerator is not bypassed.
public enum BypassError: Error, CustomStringConvertible {
    case nothingToBypass(UInt32, [String])
    case changed(UInt32)
    case halfDone(UInt32, String, String)
    case noTimer
    case preorder(String)
    case unseen(UInt32, String)
    case noRecord(UInt32, String)

    public var description: String {
        switch self {
        case .nothingToBypass(let map, let reasons):
            "no sock_ops program that inserts sockets into sockmap \(map) can be replaced: \(reasons.joined(separator: "; "))"
        case .changed(let map):
            "another writer changed the programs of sockmap \(map) meanwhile: run `unstuck bypass off --map \(map)` first"
        case .halfDone(let map, let reason, let obstacle):
            "\(reason); and not everything could be restored (\(obstacle)): sockmap \(map) is bypassed in part, and "
                + "`unstuck bypass off --map \(map)` tries again"
        case .preorder(let cgroup):
            "the programs of cgroup \(cgroup) do not run in their plain order (BPF_F_PREORDER), which could not be restored"
        case .unseen(let map, let obstacle):
            "cannot verify that all programs of sockmap \(map) are restored (\(obstacle)): nothing that is needed was removed"
        case .noRecord(let map, let path):
            "programs of sockmap \(map) are replaced, and the record \(path) cannot be read: run this where "
                + "`unstuck bypass on` ran, with the same --root"
        case .noTimer: "it could not be reverted on timeout, neither by this kernel nor by a process"
        }
    }
}
