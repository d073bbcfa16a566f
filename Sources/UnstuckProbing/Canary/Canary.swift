import CLibBPF
import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Tries sockmap's faults for real, where nobody else is: the calling process moves into a control group and a network
/// namespace of its own. It must be a process of its own, and has left nothing when this returns.
public struct Canary {
    public struct Options: Sendable {
        /// Seconds after which what is left is not tried any more.
        public var deadline = 2.0
        /// Go on although others' programs see the canary's sockets, and take its keys out of their maps afterwards.
        public var removesOwnKeys = false
        public var root = NodeRoot()
        public init() {}
    }

    private let options: Options

    public init(_ options: Options = Options()) { self.options = options }

    /// Removes what canaries left that were killed.
    public static func cleanUp(root: NodeRoot) { CanaryGroup.removeLeft(root: root) }

    /// - Throws: `SystemError`: there is no place to try anything in.
    public func run() throws -> CanaryReport {
        let start = ContinuousClock.now
        // Whatever hangs: nobody may be left to end this process.
        alarm(UInt32(options.deadline) + 5)
        var report = CanaryReport(kernelRelease: (readText("/proc/sys/kernel/osrelease") ?? "").filter { $0 != "\n" })
        let group = try CanaryGroup(root: options.root)
        do {
            // Listed before anything is made that others could see.
            report.foreign = try effectiveSocketPrograms(inGroup: group.directory)
            if report.foreign.isEmpty || options.removesOwnKeys {
                try tryAll(group, start + .seconds(options.deadline), &report)
            } else {
                report.isRefused = true
            }
        } catch {
            try? group.leave()
            throw error
        }
        try group.leave()
        let took = (ContinuousClock.now - start).components
        report.milliseconds = Double(took.seconds) * 1000 + Double(took.attoseconds) / 1e15
        return report
    }

    private func tryAll(_ group: CanaryGroup, _ end: ContinuousClock.Instant, _ report: inout CanaryReport) throws {
        try syscall("unshare", on: "the network") { linux_new_network() }
        try syscall("ioctl", on: "lo") { linux_raise_loopback() }
        let namespace = UInt32(truncatingIfNeeded: inodeNumber("/proc/thread-self/ns/net") ?? 0)
        let trials = try CanaryTrials(until: end)
        report.trials = trials.run(inGroup: group.directory)
        trials.closeAll()
        guard !report.foreign.isEmpty else { return }
        let own = try trials.mapID
        for id in try BPFTable.mapIDs() where id != own { removeOwnKeys(from: id, namespace, &report) }
    }

    /// Sockets of our own namespace, in which there is nobody but us: whatever state they are in, they are ours.
    private func removeOwnKeys(from map: UInt32, _ namespace: UInt32, _ report: inout CanaryReport) {
        // A closed socket leaves by itself; what is there after two looks stays until it is taken out.
        for attempt in 0..<3 {
            guard let open = try? BPFTable.openSockmap(id: map), open.description.kind == .sockhash,
                let entries = try? SockmapObserver().entries(of: open)
            else { return }
            let ours = entries.filter { $0.socket.netns == namespace }
            if ours.isEmpty { return }
            if attempt == 2 {
                report.keysLeft += ours.count
                return
            }
            let elements = MapElements(open.descriptor.raw)
            for entry in ours where (try? elements.remove(entry.key.bytes)) != nil { report.removedKeys += 1 }
        }
    }
}
