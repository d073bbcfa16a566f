import UnstuckKernel
import UnstuckModel

extension BypassState {
    /// Counts the entries whose sockets live and those whose sockets are dead, as far as the kernel shows them.
    public mutating func countEntries() {
        guard let open = try? BPFTable.openSockmap(id: map), let entries = try? SockmapObserver().entries(of: open)
        else {
            return
        }
        let dead = entries.count { $0.socket.liveness.isDead }
        (liveEntries, deadEntries) = (entries.count - dead, dead)
    }

    /// Waits until no live socket is in the map any more, or the time is over.
    ///
    /// - Parameters:
    ///   - wait: waits so many seconds; what ended the wait, or `nil`.
    ///   - progress: called before each wait, with the live entries that are left.
    public mutating func drain(
        for seconds: Double, wait: (Double) -> String?, progress: (_ liveEntries: Int) -> Void
    ) {
        let end = ContinuousClock.now + .seconds(seconds)
        while let live = liveEntries, live > 0, ContinuousClock.now < end {
            progress(live)
            if wait(1) != nil { return }
            countEntries()
        }
    }
}
