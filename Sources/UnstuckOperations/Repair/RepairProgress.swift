import UnstuckRepair

/// Why a repair takes its time.
public enum RepairProgress: Sendable {
    /// The minute's steps are used up.
    case rateLimited(Repairer.Wait, perMinute: Int)
    /// A second of watching has passed, of so many.
    case watching(RepairReport.Watch, of: Int)
}
