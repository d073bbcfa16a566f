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
            "nothing files sockets in sockmap \(map) that could be stood in for: \(reasons.joined(separator: "; "))"
        case .changed(let map):
            "somebody else changed the programs of sockmap \(map) meanwhile: `unstuck bypass off --map \(map)` first"
        case .halfDone(let map, let reason, let obstacle):
            "\(reason); and not all could be put back (\(obstacle)): sockmap \(map) is bypassed in part, and "
                + "`unstuck bypass off --map \(map)` tries again"
        case .preorder(let cgroup):
            "the programs of cgroup \(cgroup) do not run in their plain order (BPF_F_PREORDER), which could not be put back"
        case .unseen(let map, let obstacle):
            "whether all of sockmap \(map) is as it was cannot be seen (\(obstacle)): nothing that is needed was removed"
        case .noRecord(let map, let path):
            "something stands in for programs of sockmap \(map), and its record \(path) cannot be read: run it where "
                + "`unstuck bypass on` ran, with the same --root"
        case .noTimer: "neither this kernel nor a process of ours could undo it in time"
        }
    }
}
