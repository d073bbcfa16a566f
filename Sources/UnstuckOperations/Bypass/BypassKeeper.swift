import Glibc
import UnstuckKernel
import UnstuckRepair

/// What `bypass on --for` leaves behind: waits until the time is over and undoes the bypass.
public struct BypassKeeper {
    private let bypass: Bypass

    public init(root: NodeRoot) { bypass = Bypass(root: root) }

    /// Returns when the map's bypass is undone, by this or by another.
    public func run(_ map: UInt32) {
        // The time may be set anew, and another may undo it: the record tells.
        while let deadline = bypass.registry.record(of: map)?.deadline {
            let left = Double(deadline) - Double(Bypass.now)
            if left > 0 {
                usleep(UInt32(min(left / 1e3 + 1, 1e6)))
            } else if (try? undo(map)) == nil {
                usleep(1_000_000)
            }
        }
    }

    private func undo(_ map: UInt32) throws {
        let lock = try bypass.lock(map)
        // It may have been set anew before the lock was ours.
        if let deadline = bypass.registry.record(of: map)?.deadline, deadline <= Bypass.now { _ = try bypass.off(map) }
        _ = consume lock
    }
}
