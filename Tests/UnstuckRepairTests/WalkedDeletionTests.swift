import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRepair

/// Deleting by key from user space, in batches: each has a look of its own before it.
@Suite("Walked entries are deleted in batches", .serialized, .requires(.zombie, .native))
struct WalkedDeletionTests {
    /// Zombies for two batches, in a map whose values tell cookies.
    final class Scenario {
        let map: TestMap
        let live: [SocketPair]
        let dead: [SocketPair]
        let options: NodeObserver.Options
        let journal = "/tmp/unstuck-test-\(UUID().uuidString).jsonl"

        init() throws {
            map = try TestMap(valueSize: 8)
            live = try (0..<4).map { _ in try SocketPair() }
            dead = try (0..<130).map { _ in try SocketPair() }
            for pair in live + dead { try map.put(pair.server, as: pair.tuple) }
            for pair in dead { try pair.resetByClient() }
            var options = NodeObserver.Options()
            options.maps = [map.id]
            options.avoidsIterators = true
            self.options = options
        }

        deinit { unsafe unlink(journal) }

        /// While others' namespaces come and go nothing is proven, and an orphaned connection of a test before keeps one for
        /// minutes: we look until there is none.
        func plan() throws -> Plan {
            let observer = NodeObserver(options)
            var looks = [observer.look()]
            var planOptions = PlanOptions()
            planOptions.deletesUnseen = true
            planOptions.isForced = true
            var plan = Plan()
            let isWhole = try Wait.until(within: 600) {
                usleep(2_100_000)
                looks = looks.suffix(1) + [observer.look()]
                let view = try #require(NodeView(looks))
                plan = makePlan(view, diagnose(view), planOptions)
                return plan.deletions.count == dead.count
            }
            if isWhole { return plan }
            let missingEvidence = looks[looks.count - 1].missingEvidence.map { "\($0)" }
            throw Incomplete(
                description:
                    "\(plan.deletions.count) of \(dead.count) to delete; left \(plan.undecided.prefix(2)); \(missingEvidence)"
            )
        }

        /// What kept the plan from having them all.
        struct Incomplete: Error, CustomStringConvertible {
            var description: String
        }

        func apply(_ plan: Plan, pause: @escaping Repairer.Pause) throws -> Repairer.Result {
            Repairer(journal: try Journal(path: journal), looking: NodeObserver(options), pause: pause).apply(plan)
        }

        func pair(_ deletion: Plan.Deletion) throws -> SocketPair {
            try #require(dead.first { $0.tuple == deletion.claim })
        }
    }

    @Test func aSignalIsHeardBetweenThem() throws {
        let scenario = try Scenario()
        var asked = 0
        let result = try scenario.apply(scenario.plan()) { _ in
            asked += 1
            return asked == 2 ? "SIGTERM" : nil  // the first is before them all
        }
        #expect(result.interruption == "SIGTERM")
        #expect(result.deletions.dropFirst(128).map(\.outcome.word) == ["stopped", "stopped"])
        #expect(!result.deletions.prefix(128).contains { $0.outcome.word == "stopped" })
        #expect(try Journal(path: scenario.journal).unfinished.isEmpty)
    }

    /// The owner of a zombie of the second batch connects it again while the first is dealt with (Z5): it lives under another
    /// tuple than its key names, so asking for that by name finds nobody.
    @Test func whoComesBackToLifeMeanwhileIsLeftAlone() throws {
        let scenario = try Scenario()
        let plan = try scenario.plan()
        let revived = try scenario.pair(plan.deletions[128])
        var asked = 0
        let result = try scenario.apply(plan) { _ in
            asked += 1
            if asked == 2 { try? revived.reconnectServer() }
            return nil
        }
        #expect(asked == 2)
        #expect(result.deletions.count == 130)
        #expect(result.deletions[128].outcome.word != "deleted")
        let inode = SocketPair.inode(revived.server)
        #expect(try scenario.map.entries.contains { $0.socket.inode == inode })
        #expect(result.deletions.contains { $0.outcome == .deleted })
    }
}
