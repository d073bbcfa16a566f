import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckLab

/// `unstuck guard` over the maps of the lab's accelerators, while the faults happen that it is there for.
@Suite("The guard", .serialized, .requires(.zombie))
struct GuardTests {
    /// The three kinds of keys that the incident's users have: of 44, 36 and 24 bytes. A guard builds no key: where time is short
    /// and nobody asked for counts (`make stress test`), one kind stands for all.
    static let layouts =
        count == nil && (try? KernelUnderTest.provides(.thorough)) != true
        ? ["cilium"] : ["cilium", "merbridge", "os-ebpf"]
    static let count = ProcessInfo.processInfo.environment["UNSTUCK_GUARD_COUNT"].flatMap { Int($0) }

    /// What the other tests would see if a guard did nothing.
    @Test func withoutOneTheyHang() throws {
        let test = try StressTestRunner("Z1", count: 2)
        #expect(try test.run().next == ["hangs": 2])
    }

    @Test(arguments: ["P1", "Z1", "Z3", "Z4", "Z6"], layouts)
    func nothingHangs(_ code: String, _ layout: String) throws {
        let count = Self.count ?? Scale.of(200, small: 30)
        let test = try StressTestRunner(code, count: count, layout: layout)
        let mapGuard = try GuardProcess(test.report.map, ["--mode", "evict"])
        let result = try test.run()
        #expect(result.made == count)
        #expect(result.next == ["answers": count])
        #expect(result.background == "answers")
        let state = try mapGuard.end()
        #expect(state["paths"][0].text == "sock_ops")
        // P1 leaves nothing on a kernel that forgets unaccepted connections itself, and does it after us.
        #expect(state["counts"]["removed"]["sock_ops"].number >= Double(count))
        #expect(state["counts"]["failed"].number == 0)
        #expect(state["counts"]["raced"].number == 0)
    }

    /// What the remedy of a key/socket mismatch promises: a socket that connects anew leaves no key behind.
    @Test(.requires(.native)) func noKeyStaysOfASocketThatConnectsAnew() throws {
        let test = try StressTestRunner("Z5", count: 10)
        let mapGuard = try GuardProcess(test.report.map, [])
        let result = try test.run()
        #expect(result.made == 10)
        #expect(result.next == ["answers": 10])
        #expect(result.background == "answers")
        #expect(try mapGuard.end()["counts"]["removed"]["sock_ops"].number >= 10)
    }

    /// Where no second sock_ops program is let in. User space comes some milliseconds later.
    @Test(.requires(.thorough), arguments: ["events", "sweep"])
    func theSlowerPaths(_ path: String) throws {
        let count = Scale.of(100, small: 20)
        let test = try StressTestRunner("Z1", count: count)
        let mapGuard = try GuardProcess(test.report.map, ["--mode", "evict", "--path", path, "--sweep", "0.5"])
        let result = try test.run {
            try expectSoon {
                try GuardProcess.state(of: test.report.map)["counts"]["removed"][path].number >= Double(count)
            }
        }
        #expect(result.next == ["answers": count])
        #expect(result.background == "answers")
        let state = try mapGuard.end()
        #expect(state["paths"].array.map(\.text) == [path])
        #expect(state["counts"]["removed"][path].number >= Double(count))
    }

    /// Bytes that are read after their connection has ended: preserved, and the entries that they hold are listed.
    @Test(arguments: layouts)
    func noByteIsLost(_ layout: String) throws {
        let count = Self.count.map { $0 * 10 } ?? Scale.of(3000, small: 150)
        let test = try StressTestRunner("transfers", count: count, layout: layout)
        let mapGuard = try GuardProcess(test.report.map, ["--mode", "preserve"])
        var listed: [Double] = []
        let result = try test.run(TransferStressTest.Result.self) {
            // It writes its state down each second.
            _ = try Wait.until {
                let held = try GuardProcess.state(of: test.report.map)["held"].array
                listed = held.map { $0["unreadBytes"].number }
                return listed.count > 5
            }
            #expect(try Programs.run(Programs.unstuck, ["guard", "status"]).status == 1)
        }
        #expect(result.endings.values.reduce(0, +) == count)
        #expect(result.damaged == 0)
        #expect(result.missingBytes == 0)
        #expect(result.background == "answers")
        // Of the 64 that stood there unread, those whose sockets are dead.
        #expect(listed.count > 5 && listed.allSatisfy { $0 > 0 }, "\(listed)")
        // All have been read by now: nothing is held any more.
        try expectSoon { try GuardProcess.state(of: test.report.map)["held"].array.isEmpty }
        let state = try mapGuard.end()
        #expect(state["held"].array.isEmpty)
        #expect(state["counts"]["evicted"].number == 0)
    }

    /// The bytes that a guard says it has lost are those that are missing.
    @Test(.requires(.thorough)) func itCountsWhatItLoses() throws {
        let test = try StressTestRunner("transfers", count: Scale.of(1000, small: 200))
        let mapGuard = try GuardProcess(test.report.map, ["--mode", "evict", "--path", "sock_ops"])
        let result = try test.run(TransferStressTest.Result.self)
        #expect(result.missingBytes > 0)
        let state = try mapGuard.end()
        #expect(state["counts"]["evictedBytes"].number == Double(result.missingBytes))
    }

    @Test(.requires(.thorough)) func aPinnedOneNeedsNoProcess() throws {
        let count = Scale.of(50, small: 10)
        let test = try StressTestRunner("Z1", count: count)
        let map = "\(test.report.map)"
        let programs = try Self.programs()
        defer { _ = try? Programs.run(Programs.unstuck, ["guard", "down", "--map", map]) }
        func up(_ mode: String) throws -> JSONValue {
            let output = try Programs.run(
                Programs.unstuck, ["guard", "up", "--map", map, "--mode", mode, "--pin", "--output", "json"])
            try #require(output.status == 0, "\(output.errors)")
            return try JSONValue(output.text)["data"][0]
        }
        func status() throws -> JSONValue {
            let output = try Programs.run(Programs.unstuck, ["guard", "status", "--output", "json"])
            return try #require(
                try JSONValue(output.text)["data"].array.first { $0["map"].number == Double(test.report.map) })
        }
        #expect(try up("preserve")["isPinned"].number == 1)
        let beside = try Programs.run(Programs.unstuck, ["guard", "up", "--map", map])
        #expect(beside.status == 2)
        #expect(beside.errors.contains("pinned links guard it already"))
        // As if it had been killed while it was set up: its record comes last.
        try FileManager.default.removeItem(atPath: "/run/unstuck/guard/\(map).json")
        #expect(try up("preserve")["cgroups"].array.count == 1)
        #expect(try status()["mode"].text == "preserve")
        // In place: the same link, another program, and what was counted stays.
        let first = try Self.programs()
        #expect(try up("evict")["mode"].text == "evict")
        #expect(try Self.programs().count == first.count)

        let result = try test.run()
        #expect(result.next == ["answers": count])
        let counted = try status()["counts"]["removed"]["sock_ops"].number
        #expect(counted >= Double(count))
        _ = try up("preserve")
        #expect(try status()["counts"]["removed"]["sock_ops"].number == counted)

        let down = try Programs.run(Programs.unstuck, ["guard", "down", "--map", map])
        #expect(down.status == 0)
        #expect(!FileManager.default.fileExists(atPath: "/sys/fs/bpf/unstuck/guard/\(map)"))
        // What the links held goes some time after them.
        try expectSoon { try Self.programs() == programs }
        withExtendedLifetime(test) {}
    }

    @Test(.requires(.thorough)) func aKilledOneLeavesNothingInTheKernel() throws {
        let test = try StressTestRunner("Z1", count: 1)
        let programs = try Self.programs()
        let mapGuard = try GuardProcess(test.report.map, [])
        #expect(try Self.programs() != programs)
        let twice = try Programs.run(Programs.unstuck, ["guard", "up", "--map", "\(test.report.map)"])
        #expect(twice.status == 2)
        #expect(twice.errors.contains("already guarded"))
        #expect(kill(mapGuard.running.pid, SIGKILL) == 0)
        _ = try mapGuard.running.wait()
        try expectSoon { try Self.programs() == programs }

        let status = try Programs.run(Programs.unstuck, ["guard", "status"])
        #expect(status.status == 1)
        #expect(status.text.contains("ended without cleaning up"))
        let down = try Programs.run(Programs.unstuck, ["guard", "down", "--map", "\(test.report.map)"])
        #expect(down.status == 0)
        let after = try Programs.run(Programs.unstuck, ["guard", "status", "--output", "json"])
        #expect(try JSONValue(after.text)["data"].array.allSatisfy { $0["map"].number != Double(test.report.map) })
    }

    /// Killed between its folder and its first link.
    @Test(.requires(.native)) func anEmptyFolderIsRemoved() throws {
        let folder = "/sys/fs/bpf/unstuck/guard/4294967294"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let down = try Programs.run(Programs.unstuck, ["guard", "down"])
        #expect(down.status == 0, "\(down.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    /// A pinned guard does not try again what it holds, nor does it see what was stale before: connections hang, and that is a
    /// finding.
    @Test(.requires(.native)) func whatAPinnedOneHoldsIsAFinding() throws {
        let test = try StressTestRunner("Z1", count: 2)
        try test.go()
        struct Made: Decodable { var made: Int }
        #expect(try test.result(Made.self).made == 2)
        let map = "\(test.report.map)"
        defer { _ = try? Programs.run(Programs.unstuck, ["guard", "down", "--map", map]) }
        try #require(try Programs.run(Programs.unstuck, ["guard", "up", "--map", map, "--pin"]).status == 0)
        let state = try GuardProcess.state(of: test.report.map)
        #expect(state["condition"].text == "working")
        #expect(state["held"].array.map { $0["unreadBytes"].number } == [0, 0])
        let command = state["toRun"][0]["argv"].array.map(\.text)
        #expect(command == ["unstuck", "repair", "--map", map])
        let status = try Programs.run(Programs.unstuck, ["guard", "status"])
        #expect(status.status == 1)
        #expect(status.text.contains("entries of dead sockets that it keeps"), "\(status.text)")
        #expect(status.text.contains("unstuck repair --map \(map)"), "\(status.text)")
        // What it says to run deletes them.
        let journal = FileManager.default.temporaryDirectory.appending(path: "unstuck-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: journal) }
        let repaired = try Programs.run(
            Programs.unstuck, Array(command.dropFirst()) + ["--force", "--apply", "--journal", journal])
        #expect(repaired.status == 0, "\(repaired.text)\(repaired.errors)")
        #expect(try GuardProcess.state(of: test.report.map)["held"].array.isEmpty)
    }

    /// A process that is stopped removes nothing; one of a container is seen by its lock.
    @Test(.requires(.native)) func whetherItsProcessWorks() throws {
        let test = try StressTestRunner("Z1", count: 1)
        let map = "\(test.report.map)"
        let mapGuard = try GuardProcess(test.report.map, [])
        #expect(try GuardProcess.state(of: test.report.map)["condition"].text == "working")
        #expect(kill(mapGuard.running.pid, SIGSTOP) == 0)
        try expectSoon { try GuardProcess.state(of: test.report.map)["condition"].text == "stopped" }
        let status = try Programs.run(Programs.unstuck, ["guard", "status"])
        #expect(status.status == 1)
        #expect(status.text.contains("pid \(mapGuard.running.pid), stopped"), "\(status.text)")
        let command = try GuardProcess.state(of: test.report.map)["toRun"][0]["argv"].array.map(\.text)
        #expect(command == ["kill", "-CONT", "\(mapGuard.running.pid)"])
        #expect(try Programs.run(command[0], Array(command.dropFirst())).status == 0)
        try expectSoon { try GuardProcess.state(of: test.report.map)["condition"].text == "working" }
        _ = try mapGuard.end()

        let inside = try Programs.start(
            "unshare",
            ["--pid", "--fork", "--kill-child", "--mount-proc", Programs.unstuck, "guard", "up", "--map", map])
        defer { kill(inside.pid, SIGKILL) }
        try expectSoon { try GuardProcess.state(of: test.report.map)["condition"].text == "working" }
        let state = try GuardProcess.state(of: test.report.map)
        #expect(state["process"].number < 10, "as its own PID namespace numbers it")
        #expect(state["reasons"].array.contains { $0.text.contains("another PID namespace") })
        kill(inside.pid, SIGKILL)
        _ = try inside.wait()
        try expectSoon { try GuardProcess.state(of: test.report.map)["condition"].text == "ended" }
        #expect(try Programs.run(Programs.unstuck, ["guard", "down", "--map", map]).status == 0)
    }

    /// Someone removed the pins; and another record is damaged, which is no reason to leave this one.
    @Test(.requires(.native)) func onlyTheRecordIsLeft() throws {
        let test = try StressTestRunner("Z1", count: 1)
        let map = "\(test.report.map)"
        let damaged = "/run/unstuck/guard/4294967295.json"
        try #require(try Programs.run(Programs.unstuck, ["guard", "up", "--map", map, "--pin"]).status == 0)
        try FileManager.default.removeItem(atPath: "/sys/fs/bpf/unstuck/guard/\(map)")
        let status = try Programs.run(Programs.unstuck, ["guard", "status"])
        #expect(status.status == 1)
        #expect(status.text.contains("its pins have gone"), "\(status.text)")
        try Data("{".utf8).write(to: URL(filePath: damaged))
        defer { try? FileManager.default.removeItem(atPath: damaged) }
        let down = try Programs.run(Programs.unstuck, ["guard", "down", "--map", map])
        #expect(down.status == 0, "\(down.errors)")
        #expect(!FileManager.default.fileExists(atPath: "/run/unstuck/guard/\(map).json"))
        let rest = try Programs.run(Programs.unstuck, ["guard", "down"])
        #expect(rest.status == 2)
        #expect(rest.errors.contains(damaged), "\(rest.errors)")
        #expect(rest.text.isEmpty)
    }

    /// The cgroup that it ran in goes, as with an accelerator's pod: told, and attached anew.
    @Test(.requires(.thorough)) func aPinnedOneWhoseCgroupHasGone() throws {
        var test: StressTestRunner? = try StressTestRunner("Z1", count: 1)
        let map = try #require(test?.report.map)
        defer { _ = try? Programs.run(Programs.unstuck, ["guard", "down", "--map", "\(map)"]) }
        let up = try Programs.run(Programs.unstuck, ["guard", "up", "--map", "\(map)", "--pin"])
        try #require(up.status == 0, "\(up.errors)")
        test = nil
        // The kernel severs the link some time after the cgroup has gone.
        var state: JSONValue?
        let isSevered = try Wait.until {
            state = try GuardProcess.state(of: map)
            return state?["paths"].array.isEmpty == true
        }
        #expect(isSevered)
        #expect(state?["isInUse"].number == 0)
        // There is no accelerator any more beside which it could be attached.
        let again = try Programs.run(Programs.unstuck, ["guard", "up", "--map", "\(map)", "--pin"])
        #expect(again.status == 2)
    }

    /// Ids of the guard's programs that are loaded now.
    private static func programs() throws -> Set<Double> {
        let output = try Programs.run("bpftool", ["-j", "prog", "show"])
        let names = ["on_socket_event", "on_state_change"]
        return Set(
            try JSONValue(output.text).array.filter { names.contains($0["name"].text) }.map { $0["id"].number })
    }
}
