import Foundation
import Glibc
import TestSupport
import Testing

/// Runs of `repair --apply` that are killed, interrupted, or meet each other, on real zombies.
@Suite("A repair that is ended", .serialized, .requires(.zombie, .native))
struct KilledRepairTests {
    /// A real map and the program's runs on it.
    final class Scenario {
        let node: DeadMap
        let journal = "/tmp/unstuck-test-\(UUID().uuidString).jsonl"

        init(dead: Int) throws { node = try DeadMap(dead: dead, live: dead) }

        deinit { unsafe unlink(journal) }

        func arguments(_ more: [String]) -> [String] {
            [
                "repair", "--map", "\(node.map.id)", "--apply", "--interval", "2", "--journal", journal, "--output",
                "json",
            ]
                + more
        }

        func start(_ more: [String]) throws -> Programs.Running {
            try Programs.start(Programs.unstuck, arguments(more))
        }

        func run(_ more: [String] = []) throws -> (status: Int32, report: JSONValue, errors: String) {
            let output = try Programs.run(Programs.unstuck, arguments(more))
            return (output.status, try JSONValue(output.text)["data"], output.errors)
        }

        /// Whole lines; the last one may still be written.
        var lines: [JSONValue] {
            let text = (try? String(contentsOfFile: journal, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").compactMap { try? JSONValue(String($0)) }
        }

        func lines(_ event: String) -> [JSONValue] {
            lines.filter { $0["event"].text == event && $0["key"].text != "" }
        }
        func keys(_ event: String, _ outcome: String) -> [String] {
            lines(event).filter { $0["outcome"].text == outcome }.map { $0["key"].text }
        }

        /// - Returns: false if it does not come true for two minutes.
        func wait(until condition: () throws -> Bool) rethrows -> Bool {
            for _ in 0..<1200 {
                if try condition() { return true }
                usleep(100_000)
            }
            return false
        }

        /// Whatever was killed and whenever: each entry that was dead is reported of once as done, and nothing is open.
        func expectEachAccountedForOnce() {
            let told = keys("result", "deleted") + keys("resume", "done") + keys("resume", "changed")
            #expect(told.sorted() == node.dead.map { DeadMap.key($0.tuple) }.sorted())
            #expect(lines.last?["event"].text == "end")
        }
    }

    /// Killed while it waits for the next minute. Its holder closes one of what is left, a live connection takes over another.
    @Test func whatAKilledRunLeftIsAccountedFor() throws {
        let scenario = try Scenario(dead: 12)
        let first = try scenario.start(["--per-minute", "5"])
        #expect(scenario.wait { scenario.lines("result").count == 5 })
        // Another may not repair meanwhile, and learns who does.
        let second = try Programs.run(Programs.unstuck, scenario.arguments([]))
        #expect(second.status == 2)
        #expect(second.errors.contains("process \(first.pid), since 20"), "\(second.errors)")
        kill(first.pid, SIGKILL)
        #expect(try first.wait().status == SIGKILL)
        #expect(scenario.lines("intend").count == 12)
        #expect(!scenario.lines.contains { $0["event"].text == "end" })
        #expect(try scenario.node.deadEntries == 7)
        // Nothing of it stays in the kernel.
        #expect(try scenario.wait { try scenario.node.programs.isEmpty })

        let done = Set(scenario.lines("result").map { $0["key"].text })
        let left = scenario.node.dead.filter { !done.contains(DeadMap.key($0.tuple)) }
        left[0].closeServer()
        let newSocket = try SocketPair()
        try scenario.node.map.put(newSocket.server, as: left[1].tuple)

        // The lock of a killed run does not block.
        let next = try scenario.run()
        // The new socket's key names another connection: that is left, and no repair fixes it.
        #expect(next.status == 1 && next.report["unrepairable"].number == 1, "\(next.errors)")
        var verdicts: [String: String] = [:]
        for step in next.report["resumed"].array { verdicts[step["key"].text] = step["verdict"].text }
        var expected: [String: String] = [:]
        for pair in left { expected[DeadMap.key(pair.tuple)] = "undone" }
        expected[DeadMap.key(left[0].tuple)] = "done"
        expected[DeadMap.key(left[1].tuple)] = "changed"
        #expect(verdicts == expected)
        #expect(next.report["deletions"].array.map { $0["outcome"].text } == Array(repeating: "deleted", count: 5))
        #expect(try scenario.node.deadEntries == 0)
        scenario.expectEachAccountedForOnce()
        // The new socket and the others live on.
        let inodes = try scenario.node.map.entries.map(\.socket.inode)
        #expect(inodes.contains(SocketPair.inode(newSocket.server)))
        #expect(inodes.count == 2 * 12 + 1)

        let last = try scenario.run()
        #expect(last.report["resumed"].array.isEmpty)
        #expect(last.report["plan"]["deletions"].array.isEmpty)
    }

    /// Its entries are deleted, and it is stopped in the middle of the write that says so, by the size that its files may
    /// have: killed (SIGXFSZ), or, where the signal is blocked, with an error (EFBIG).
    @Test(arguments: [true, false]) func deletedButNotWrittenDown(_ isKilled: Bool) throws {
        // The program takes our mask over, in which the thread of a test may have any signal blocked.
        var signals = sigset_t()
        var before = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGXFSZ)
        unsafe pthread_sigmask(isKilled ? SIG_UNBLOCK : SIG_BLOCK, &signals, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let scenario = try Scenario(dead: 40)
        // How long the lines of the intentions are is seen from a run that only gets to its first deletion.
        let short = try scenario.start(["--per-minute", "1"])
        #expect(scenario.wait { scenario.lines("result").count == 1 })
        kill(short.pid, SIGKILL)
        #expect(try short.wait().status == SIGKILL)
        let text = try String(contentsOfFile: scenario.journal, encoding: .utf8)
        let intended = try #require(text.range(of: #""event":"result""#)).lowerBound.utf16Offset(in: text)
        unsafe unlink(scenario.journal)

        let blocks = intended * 39 / 40 / 1024 + 8  // of 1024 bytes; the results need about 20 more
        let killed = try Programs.run(
            "bash",
            ["-c", "ulimit -c 0 -f \(blocks); exec \"$0\" \"$@\"", Programs.unstuck] + scenario.arguments([]))
        #expect(killed.status == (isKilled ? SIGXFSZ : 2), "\(killed.errors)")
        #expect(killed.errors.contains("ended early") == !isKilled, "\(killed.errors)")
        #expect(try scenario.node.deadEntries == 0)
        #expect(scenario.lines("intend").count == 39)
        let recorded = scenario.lines("result").count
        #expect((1..<39).contains(recorded))

        let next = try scenario.run()
        #expect(next.status == 0, "\(next.errors)")
        #expect(
            next.report["resumed"].array.map { $0["verdict"].text } == Array(repeating: "done", count: 39 - recorded))
        #expect(next.report["plan"]["deletions"].array.isEmpty)
        #expect(next.report["plan"]["cautions"].array.contains { $0.text.contains("torn") })
        let told = scenario.keys("result", "deleted") + scenario.keys("resume", "done")
        #expect(told.count == 39)
        #expect(Set(told).count == 39)
        #expect(try scenario.run().report["resumed"].array.isEmpty)
    }

    /// Killed at any moment of its work, again and again: still each entry is reported of once.
    @Test func killedWheneverItWas() throws {
        let scenario = try Scenario(dead: Scale.of(60, small: 20))
        for round in 0..<Scale.of(6, small: 2) {
            let size = scenario.lines.count
            let run = try scenario.start(["--per-minute", "\(5 + round)"])
            #expect(scenario.wait { scenario.lines.count > size || !run.isRunning })
            usleep(UInt32(round) * 3000)
            kill(run.pid, SIGKILL)
            _ = try run.wait()
        }
        let last = try scenario.run()
        #expect(last.status == 0, "\(last.errors)")
        #expect(try scenario.node.deadEntries == 0)
        scenario.expectEachAccountedForOnce()
    }

    @Test func toldToEnd() throws {
        let scenario = try Scenario(dead: 8)
        let run = try scenario.start(["--per-minute", "3"])
        #expect(scenario.wait { run.errorsSoFar.contains("3 of 8 done; rate limit (3/min) reached; resuming in ") })
        run.terminate()
        let output = try run.wait()
        #expect(output.status == 1, "\(output.errors)")
        let report = try JSONValue(output.text)["data"]
        #expect(report["interrupted"].text == "SIGTERM")
        #expect(report["deletions"].array.count { $0["outcome"].text == "deleted" } == 3)
        #expect(report["deletions"].array.count { $0["outcome"].text == "stopped" } == 5)
        #expect(scenario.lines("result").count == 8)
        #expect(scenario.lines.last?["outcome"].text == "incomplete")
        let next = try scenario.run()
        #expect(next.status == 0, "\(next.errors)")
        #expect(next.report["resumed"].array.isEmpty)
        #expect(next.report["deletions"].array.count == 5)
        scenario.expectEachAccountedForOnce()
    }

    /// What a person reads of it.
    @Test func inWords() throws {
        let scenario = try Scenario(dead: 3)
        let run = try scenario.start(["--per-minute", "1"])
        #expect(scenario.wait { scenario.lines("result").count == 1 })
        kill(run.pid, SIGKILL)
        _ = try run.wait()
        let arguments = [
            "repair", "--map", "\(scenario.node.map.id)", "--apply", "--interval", "2", "--journal", scenario.journal,
        ]
        let output = try Programs.run(Programs.unstuck, arguments)
        #expect(output.status == 0, "\(output.text)\(output.errors)")
        #expect(
            output.text.contains("was ended early and left 2 steps without a result: 2 still to do"), "\(output.text)")
        #expect(output.text.contains("✓ deleted 2 of 2 stale entries"), "\(output.text)")
    }
}
