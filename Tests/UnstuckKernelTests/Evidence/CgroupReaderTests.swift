import Glibc
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

    @Test(.enabled("cgroup v1 with the cpu controller is mounted") { Self.mounts.controllers["cpu"] != nil })
    func aQuotaOfV1() throws {
        let group = try #require(try Group(controller: "cpu"))
        let reader = CgroupReader(root: NodeRoot())
        let before = try #require(reader.read(paths: [group.path]).states.first)
        #expect(before.cpuQuota == .unlimited && before.id == nil)
        try group.write("50000", to: "cpu.cfs_period_us")
        try group.write("20000", to: "cpu.cfs_quota_us")
        let state = try #require(reader.read(paths: [group.path]).states.first)
        #expect(state.cpuQuota == .value(20000) && state.cpuPeriod == 50000)
        #expect(state.periods == 0 && state.throttledPeriods == 0 && state.throttledTime == 0)
        #expect(state.memoryCurrent == nil && state.memoryMax == nil && state.memoryEvents.isEmpty)
    }

    /// A child that does nothing but count is held back, and the periods say so.
    @Test(.enabled("cgroup v1 with the cpu controller is mounted") { Self.mounts.controllers["cpu"] != nil })
    func throttlingIsCounted() throws {
        let group = try #require(try Group(controller: "cpu"))
        try group.write("20000", to: "cpu.cfs_period_us")
        try group.write("1000", to: "cpu.cfs_quota_us")
        let child = try Programs.start("sh", ["-c", "while :; do :; done"])
        try group.write("\(child.pid)", to: "cgroup.procs")
        let reader = CgroupReader(root: NodeRoot())
        expectSoon("it was never held back") {
            let state = reader.read(paths: [group.path]).states.first
            return (state?.throttledPeriods ?? 0) > 2 && (state?.throttledTime ?? 0) > 0 && (state?.periods ?? 0) > 2
        }
        let process = ProcessReader(root: NodeRoot()).read(pids: [UInt32(child.pid)]).processes.first
        #expect(process?.controllerCgroups["cpu"] == group.path)
        kill(child.pid, SIGKILL)
        _ = try child.wait()
    }

    @Test(.enabled("cgroup v1 with the freezer is mounted") { Self.mounts.controllers["freezer"] != nil })
    func aFrozenProcessOfV1() throws {
        let group = try #require(try Group(controller: "freezer"))
        try frozen(by: group, freeze: ("FROZEN", "THAWED"), file: "freezer.state")
    }

    @Test(.enabled("cgroup v2 is mounted") { Self.mounts.unified != nil })
    func aFrozenProcessOfV2() throws {
        let group = try #require(try Group(controller: nil))
        try frozen(by: group, freeze: ("1", "0"), file: "cgroup.freeze")
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
        let (states, shortfalls) = CgroupReader(root: NodeRoot()).read(paths: ["/../x", "/a/..", "x", "/none-such"])
        #expect(states.isEmpty)
        #expect(shortfalls.map(\.evidence) == [.cgroups])
        #expect(CgroupReader.withParents(["/a/b/c", "/"]) == ["/", "/a", "/a/b", "/a/b/c"])
    }
}
