import Foundation
import TestSupport
import Testing
import UnstuckModel

@testable import UnstuckKernel

/// Cgroups of the test's own, by whichever version of cgroups this kernel has mounted.
@Suite("What cgroups allow", .serialized)
struct CgroupReaderTests {
    private static let mounts = CgroupMounts(root: NodeRoot())

    /// A directory of one hierarchy, removed with this object.
    private final class Group {
        let path = "/unstuck-test-\(getpid())"
        let folder: String

        init?(controller: String?) throws {
            guard let folder = mounts.directory(of: path, controller: controller) else { return nil }
            self.folder = folder
            try syscall("mkdir", on: folder) { unsafe mkdir(folder, 0o755) }
        }

        deinit { unsafe _ = rmdir(folder) }

        func write(_ text: String, to file: String) throws {
            try OwnedDescriptor(path: "\(folder)/\(file)", flags: O_WRONLY).writeAll(Array(text.utf8))
        }
    }

    /// Of the version that has the cpu controller, with its quota as that version writes it.
    private static func limited(quota: Int, period: Int) throws -> Group {
        if mounts.controllers["cpu"] != nil {
            let group = try #require(try Group(controller: "cpu"))
            try group.write("\(period)", to: "cpu.cfs_period_us")
            try group.write("\(quota)", to: "cpu.cfs_quota_us")
            return group
        }
        let root = try #require(mounts.unified)
        try OwnedDescriptor(path: "\(root)/cgroup.subtree_control", flags: O_WRONLY).writeAll(Array("+cpu".utf8))
        let group = try #require(try Group(controller: nil))
        try group.write("\(quota) \(period)", to: "cpu.max")
        return group
    }

    @Test func aQuotaIsReadBack() throws {
        let group = try Self.limited(quota: 20000, period: 50000)
        let state = try #require(CgroupReader(root: NodeRoot()).read(paths: [group.path]).states.first)
        #expect(state.cpuQuota == .value(20000) && state.cpuPeriod == 50000)
        // Its timer may have run already: some kernels count periods without a process.
        #expect(state.periods != nil && state.throttledPeriods == 0 && state.throttledTime == 0)
        #expect(state.memoryCurrent == nil && state.memoryMax == nil && state.memoryEvents.isEmpty)
        #expect((state.id == nil) == (Self.mounts.controllers["cpu"] != nil))
    }

    /// A child that does nothing but count is held back, and the periods say so.
    @Test func throttlingIsCounted() throws {
        let group = try Self.limited(quota: 1000, period: 20000)
        let child = try Programs.start("sh", ["-c", "while :; do :; done"])
        defer {
            kill(child.pid, SIGKILL)
            _ = try? child.wait()
        }
        try group.write("\(child.pid)", to: "cgroup.procs")
        let reader = CgroupReader(root: NodeRoot())
        expectSoon("it was never held back") {
            let state = reader.read(paths: [group.path]).states.first
            return (state?.throttledPeriods ?? 0) > 2 && (state?.throttledTime ?? 0) > 0 && (state?.periods ?? 0) > 2
        }
        let process = ProcessReader(root: NodeRoot()).read(pids: [UInt32(child.pid)]).processes.first
        #expect((process?.controllerCgroups["cpu"] ?? process?.cgroup) == group.path)
    }

    @Test func aFrozenProcess() throws {
        var count = 0
        if Self.mounts.controllers["freezer"] != nil, let group = try Group(controller: "freezer") {
            try frozen(by: group, freeze: ("FROZEN", "THAWED"), file: "freezer.state")
            count += 1
        }
        if Self.mounts.unified != nil, let group = try Group(controller: nil) {
            try frozen(by: group, freeze: ("1", "0"), file: "cgroup.freeze")
            count += 1
        }
        #expect(count > 0)
    }

    /// A node that has cgroup v2 alone, as files.
    @Test func everythingOfV2() throws {
        let root = "/tmp/unstuck-cgroups-\(getpid())"
        let group = "\(root)/sys/fs/cgroup/kubepods.slice"
        for folder in ["\(root)/proc/self", group] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(atPath: root) }
        let files = [
            "\(root)/proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
            "\(group)/cpu.max": "50000 100000\n",
            "\(group)/cpu.stat": "usage_usec 1\nnr_periods 9\nnr_throttled 4\nthrottled_usec 77\n",
            "\(group)/memory.current": "4096\n", "\(group)/memory.max": "8192\n", "\(group)/memory.high": "max\n",
            "\(group)/memory.events": "low 0\nhigh 3\nmax 2\noom 1\noom_kill 1\n",
            "\(group)/cgroup.events": "populated 1\nfrozen 1\n",
        ]
        for (path, text) in files {
            try OwnedDescriptor(path: path, flags: O_WRONLY | O_CREAT).writeAll(Array(text.utf8))
        }
        let (states, missingEvidence) = CgroupReader(root: NodeRoot(prefix: root)).read(paths: [
            "/kubepods.slice", "/x",
        ])
        #expect(missingEvidence.isEmpty && states.count == 1)
        let state = try #require(states.first)
        #expect(state.id == inodeNumber(group) && state.isFrozen == true)
        #expect(state.cpuQuota == .value(50000) && state.cpuPeriod == 100_000)
        #expect(state.periods == 9 && state.throttledPeriods == 4 && state.throttledTime == 77)
        #expect(state.memoryCurrent == 4096 && state.memoryMax == .value(8192) && state.memoryHigh == .unlimited)
        #expect(state.memoryEvents["oom"] == 1 && state.memoryEvents["high"] == 3 && state.memoryEvents["max"] == 2)
    }

    private func frozen(by group: Group, freeze: (on: String, off: String), file: String) throws {
        let child = try Programs.start("sleep", ["600"])
        try group.write("\(child.pid)", to: "cgroup.procs")
        defer {
            try? group.write(freeze.off, to: file)
            kill(child.pid, SIGKILL)
            _ = try? child.wait()
        }
        func isFrozen() -> (group: Bool?, process: Bool?) {
            (
                CgroupReader(root: NodeRoot()).read(paths: [group.path]).states.first?.isFrozen,
                ProcessReader(root: NodeRoot()).read(pids: [UInt32(child.pid)]).processes.first?.isFrozen
            )
        }
        #expect(isFrozen() == (false, false))
        try group.write(freeze.on, to: file)
        expectSoon("it never froze") { isFrozen() == (true, true) }
        try group.write(freeze.off, to: file)
        expectSoon("it never thawed") { isFrozen() == (false, false) }
    }

    @Test func pathsThatLeadOut() {
        let (states, missingEvidence) = CgroupReader(root: NodeRoot()).read(paths: [
            "/../x", "/a/..", "x", "/none-such",
        ])
        #expect(states.isEmpty)
        #expect(missingEvidence.map(\.evidence) == [.cgroups])
        #expect(CgroupReader.withParents(["/a/b/c", "/"]) == ["/", "/a", "/a/b", "/a/b/c"])
    }
}
