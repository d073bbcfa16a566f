import CLibBPF
import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRepair

/// What is refused or gone is recorded, and the run goes on; a signal ends it between two steps.
@Suite("A run goes on, or ends cleanly", .serialized, .requires(.zombie, .native))
struct PassedOverTests {
    /// A map with zombies, its plan, and a journal.
    final class Scenario {
        let node: DeadMap
        let options: NodeObserver.Options
        let journal = "/tmp/unstuck-test-\(UUID().uuidString).jsonl"

        init(dead: Int) throws {
            node = try DeadMap(dead: dead, live: dead)
            var options = NodeObserver.Options()
            options.maps = [node.map.id]
            self.options = options
        }

        deinit { unsafe unlink(journal) }

        func plan() throws -> Plan {
            let observer = NodeObserver(options)
            var looks = [observer.look()]
            usleep(2_100_000)
            looks.append(observer.look())
            var view = try #require(NodeView(looks))
            observer.collect(diagnose(view).wanted.only(.owners), into: &looks[1])
            view = try #require(NodeView(looks))
            return makePlan(view, diagnose(view))
        }

        func repairer(perMinute: Int = 0, pause: @escaping Repairer.Pause = { _ in nil }) throws -> Repairer {
            Repairer(
                journal: try Journal(path: journal), looking: NodeObserver(options),
                pace: RateLimiter(perMinute: perMinute),
                pause: pause)
        }

        /// Outcome by key, as the journal tells them.
        func results() -> [String: [String]] {
            let lines = ((try? String(contentsOfFile: journal, encoding: .utf8)) ?? "").split(separator: "\n")
            var results: [String: [String]] = [:]
            for line in lines {
                guard let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any],
                    object["event"] as? String == "result", let key = object["key"] as? String
                else { continue }
                results[key, default: []].append(object["outcome"] as? String ?? "")
            }
            return results
        }
    }

    /// A socket that is in more maps than we walk: the kernel side cannot verify its deletion, and says E2BIG. Another
    /// deletes another first: ENOENT. The third one is deleted all the same.
    @Test func theOthersAreDeleted() throws {
        let scenario = try Scenario(dead: 3)
        let removed = scenario.node.dead[0]
        // Its link to our map comes behind the others: they are walked in the order in which they were made.
        let crowded = try SocketPair()
        let others = try (0..<20).map { _ in try TestMap() }
        for other in others { try other.put(crowded.server, as: crowded.tuple) }
        try scenario.node.map.put(crowded.server, as: crowded.tuple)
        try crowded.resetByClient()
        let plan = try scenario.plan()
        #expect(plan.deletions.count == 4)
        scenario.node.map.remove(removed.tuple)
        let result = try scenario.repairer().apply(plan)
        var outcomes: [String: RepairOutcome] = [:]
        for deletion in result.deletions { outcomes[deletion.planned.entry.key.description] = deletion.outcome }
        #expect(outcomes[DeadMap.key(crowded.tuple)] == .failed(errno: E2BIG))
        #expect(outcomes[DeadMap.key(removed.tuple)] == .gone)
        #expect(outcomes[DeadMap.key(scenario.node.dead[1].tuple)] == .deleted)
        #expect(outcomes[DeadMap.key(scenario.node.dead[2].tuple)] == .deleted)
        #expect(result.failure == nil)
        #expect(!result.isComplete)
        #expect(scenario.results() == outcomes.mapValues { [$0.word] })
        #expect(try scenario.node.deadEntries == 1)
        _ = others
    }

    /// A map that cannot be worked on is the outcome of its entries; those of the next map are deleted.
    @Test func anotherMapIsRepairedAllTheSame() throws {
        let scenario = try Scenario(dead: 1)
        var plan = try scenario.plan()
        let good = try #require(plan.deletions.first)
        // An array of sockets has no keys to delete by: the repair of it is refused as a whole.
        let array = unsafe bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "unstuck_test", 4, 4, 4, nil)
        try #require(array >= 0)
        defer { close(array) }
        var info = bpf_map_info()
        var size = UInt32(MemoryLayout<bpf_map_info>.size)
        try #require(unsafe bpf_obj_get_info_by_fd(array, &info, &size) == 0)
        var bad = good
        bad.entry.map = info.id
        plan.deletions = [bad, good]
        let result = try scenario.repairer().apply(plan)
        #expect(result.deletions.map(\.outcome.word) == ["failed", "deleted"])
        #expect(Set(result.problems.keys) == [info.id])
        #expect(result.failure == nil)
        #expect(try scenario.node.deadEntries == 0)
    }

    /// BPF_MAP_FREEZE forbids user space to write (EPERM); programs go on, and so does repair, which deletes inside one.
    @Test func aFrozenMapIsRepaired() throws {
        let scenario = try Scenario(dead: 2)
        #expect(bpf_map_freeze(scenario.node.map.descriptor) == 0)
        var key = KeyLayout.cilium.encode(scenario.node.dead[0].tuple) ?? []
        #expect(unsafe bpf_map_delete_elem(scenario.node.map.descriptor, &key) == -EPERM)
        #expect(try scenario.repairer().apply(scenario.plan()).deletions.map(\.outcome) == [.deleted, .deleted])
        #expect(try scenario.node.deadEntries == 0)
    }

    /// The cap is reached, and a signal comes while the run waits: what was not tried is said, and nothing stays open.
    @Test func aSignalEndsTheWait() throws {
        let scenario = try Scenario(dead: 5)
        let plan = try scenario.plan()
        var waits: [Repairer.Wait] = []
        let result = try scenario.repairer(perMinute: 2) { wait in
            guard wait.seconds > 0 else { return nil }
            waits.append(wait)
            return "SIGTERM"
        }.apply(plan)
        #expect(waits.map(\.done) == [2])
        #expect(waits.map(\.total) == [5])
        #expect(waits.allSatisfy { $0.seconds > 30 && $0.seconds <= 60 })
        #expect(result.interruption == "SIGTERM")
        #expect(!result.isComplete)
        #expect(result.deletions.map(\.outcome.word) == ["deleted", "deleted", "stopped", "stopped", "stopped"])
        #expect(try scenario.node.deadEntries == 3)
        #expect(try Journal(path: scenario.journal).unfinished.isEmpty)
        #expect(scenario.results().values.map(\.count) == [1, 1, 1, 1, 1])
    }

    /// The signals of a terminal and of a service manager, asked for between steps.
    @Test func signalsAreAskedFor() {
        let signals = SignalWaiter()
        #expect(signals.wait(seconds: 0) == nil)
        for (signal, name) in [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")] {
            pthread_kill(pthread_self(), signal)
            #expect(signals.wait(seconds: 3600) == name)
        }
        #expect(signals.wait(seconds: 0.01) == nil)
    }
}
