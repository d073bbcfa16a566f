import CUnstuckABI
import Glibc
import UnstuckModel

/// What became of one entry that was to be deleted.
public enum RepairOutcome: Hashable, Sendable {
    /// Deleted, and the checked socket has lost its link to the map.
    case deleted
    /// Another socket sits there now: skipped.
    case changed
    /// The same socket is no longer dead: skipped.
    case revived
    /// Bytes wait in its queue that the plan does not give up: skipped.
    case unread
    /// The delete hit something that was not checked, or may have: the run stops.
    case raced
    /// The kernel refused; why, where more than its number is known. The run goes on.
    case failed(errno: Int32, MissingEvidence.Reason? = nil)
    /// Another removed it first.
    case gone
    /// Not tried, and why.
    case stopped(String)
    /// The zombie's descriptor could not be held still: skipped.
    case notHeld(String)

    init(_ raw: UInt32, error: Int32) {
        switch unstuck_repair_outcome(rawValue: raw) {
        case UNSTUCK_REPAIR_DELETED: self = .deleted
        case UNSTUCK_REPAIR_CHANGED: self = .changed
        case UNSTUCK_REPAIR_REVIVED: self = .revived
        case UNSTUCK_REPAIR_UNREAD: self = .unread
        case UNSTUCK_REPAIR_RACED: self = .raced
        case UNSTUCK_REPAIR_UNLINKED: self = .gone
        case UNSTUCK_REPAIR_STOPPED: self = .stopped(Self.afterRace)
        default: self = .failed(errno: error)
        }
    }

    static let afterRace = "an earlier entry raced"

    /// One word, for the journal and for machines.
    public var word: String {
        switch self {
        case .deleted: "deleted"
        case .changed: "changed"
        case .revived: "revived"
        case .unread: "unread"
        case .raced: "raced"
        case .failed: "failed"
        case .gone: "gone"
        case .stopped: "stopped"
        case .notHeld: "not-held"
        }
    }

    /// For people.
    public var explanation: String {
        switch self {
        case .deleted: "deleted"
        case .changed: "skipped: the key is reused by another socket"
        case .revived: "skipped: its socket is no longer dead"
        case .unread: "skipped: unread bytes in its queue"
        case .raced: "raced: the key may have been taken over between check and delete; nothing more is deleted"
        case .failed(let errno, let reason):
            unsafe "failed: \(reason.map(String.init(describing:)) ?? String(cString: strerror(errno)))"
        case .gone: "already gone"
        case .stopped(let why): "not tried: \(why)"
        case .notHeld(let why): "skipped: \(why)"
        }
    }
}
