import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckModel
import UnstuckRepair

/// What `on --for` leaves behind: waits until the time is over and undoes the bypass.
struct BypassKeep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep", abstract: "Undo a bypass when its time is over.", shouldDisplay: false)

    @Option var map: UInt32
    @OptionGroup var node: NodeOptions

    func run() throws {
        let bypass = Bypass(root: node.nodeRoot)
        // The time may be set anew, and somebody else may undo it: the record tells.
        while let deadline = bypass.registry.record(of: map)?.deadline {
            let left = Double(deadline) - Double(Bypass.now)
            if left > 0 {
                usleep(UInt32(min(left / 1e3 + 1, 1e6)))
            } else if (try? undo(bypass)) == nil {
                usleep(1_000_000)
            }
        }
    }

    private func undo(_ bypass: Bypass) throws {
        let lock = try bypass.lock(map)
        // It may have been set anew before the lock was ours.
        if let deadline = bypass.registry.record(of: map)?.deadline, deadline <= Bypass.now { _ = try bypass.off(map) }
        _ = consume lock
    }
}
