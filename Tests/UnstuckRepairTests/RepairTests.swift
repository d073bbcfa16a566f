import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing
import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel
import UnstuckRepair

/// Repair of real maps with real dead sockets on this machine's own kernel.
@Suite("Repair on this kernel", .serialized, .requires(.zombie))
struct RepairTests {
    /// A map with live entries and one zombie, looked at twice.
    final class Scenario {
        let map: TestMap
        let live: [SocketPair]
        let dead: SocketPair
        let options: NodeObserver.Options
        let journal = "/tmp/unstuck-test-\(UUID().uuidString).jsonl"

        init(layoutKnown: Bool = true) throws {
            map = try TestMap(keySize: layoutKnown ? 44 : 20)
            live = try (0..<3).map { _ in try SocketPair() }
            dead = try SocketPair()
            var options = NodeObserver.Options()
            options.maps = [map.id]
            self.options = options
            for (number, pair) in live.enumerated() {
                try put(pair.server, pair.tuple, layoutKnown, UInt8(number))
                try put(pair.client, pair.tuple.reversed, layoutKnown, UInt8(number + 100))
            }
            try put(dead.server, dead.tuple, layoutKnown, 200)
            try dead.resetByClient()
        }

        deinit { unsafe unlink(journal) }

        private func put(_ socket: Int32, _ tuple: FourTuple, _ layoutKnown: Bool, _ number: UInt8) throws {
            let key = layoutKnown ? (KeyLayout.cilium.encode(tuple) ?? []) : Array(repeating: number ^ 0xA5, count: 20)
            try map.put(socket, under: key)
        }

        func plan(_ change: (inout PlanOptions) -> Void = { _ in }) throws -> (plan: Plan, diagnosis: Diagnosis) {
            let observer = NodeObserver(options)
            var looks = [observer.look()]
            usleep(2_100_000)
            looks.append(observer.look())
            var view = try #require(NodeView(looks))
            observer.collect(diagnose(view).wanted.only(.owners), into: &looks[1])
            view = try #require(NodeView(looks))
            var planOptions = PlanOptions()
            change(&planOptions)
            let diagnosis = diagnose(view)
            return (makePlan(view, diagnosis, planOptions), diagnosis)
        }

        func apply(_ plan: Plan) throws -> Repairer.Result {
            Repairer(journal: try Journal(path: journal), looking: NodeObserver(options)).apply(plan)
        }

        var journalLines: [[String: Any]] {
            ((try? String(contentsOfFile: journal, encoding: .utf8)) ?? "").split(separator: "\n").compactMap {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
            }
        }
    }

    @Test func deletesTheZombieAndNothingElse() throws {
        let scenario = try Scenario()
        let (plan, diagnosis) = try scenario.plan()
        #expect(diagnosis.findings.map(\.code) == [.zombie])
        #expect(plan.deletions.first?.holder?.pid == getpid())
        let result = try scenario.apply(plan)
        #expect(result.deletions.map(\.outcome) == [.deleted])
        let left = try scenario.map.entries
        #expect(left.count == 6)
        #expect(left.allSatisfy { $0.socket.liveness == .live })
        // Written before, and after.
        let events = scenario.journalLines.compactMap { $0["event"] as? String }
        #expect(events == ["begin", "intend", "result", "end"])
    }

    /// The key is taken over by a live socket after the plan was made.
    @Test func leavesAKeyThatWasTakenOver() throws {
        let scenario = try Scenario()
        let (plan, _) = try scenario.plan()
        let newSocket = try SocketPair()
        try scenario.map.put(newSocket.server, as: scenario.dead.tuple)
        let result = try scenario.apply(plan)
        #expect(result.deletions.map(\.outcome) == [.changed])
        let inodes = try scenario.map.entries.map(\.socket.inode)
        #expect(inodes.contains(SocketPair.inode(newSocket.server)))
        #expect(scenario.journalLines.contains { $0["outcome"] as? String == "changed" })
    }

    /// The holder closes the zombie after the plan was made: its descriptor can no longer be held.
    @Test func leavesWhatItCannotHold() throws {
        let scenario = try Scenario()
        let (plan, _) = try scenario.plan()
        scenario.dead.closeServer()
        let outcome = try #require(try scenario.apply(plan).deletions.first?.outcome)
        #expect(outcome.word == "not-held")
        #expect(try scenario.map.entries.count == 6)
    }

    /// The descriptor's number now stands for another socket.
    @Test func leavesADescriptorThatIsAnotherSocketNow() throws {
        let scenario = try Scenario()
        let (plan, _) = try scenario.plan()
        let other = try SocketPair()
        #expect(dup2(other.server, scenario.dead.server) >= 0)
        let outcome = try #require(try scenario.apply(plan).deletions.first?.outcome)
        #expect(outcome.word == "not-held")
    }

    /// The zombie's owner connects the very same socket again after the plan was made (Z5).
    @Test func leavesASocketThatCameBackToLife() throws {
        let scenario = try Scenario()
        let (plan, _) = try scenario.plan()
        try scenario.dead.reconnectServer()
        #expect(try scenario.apply(plan).deletions.map(\.outcome) == [.revived])
        #expect(try scenario.map.entries.count == 7)
    }

    /// More than one pass can report at once: every outcome is reported, none is lost.
    @Test func manyEntriesAreAllReported() throws {
        let map = try TestMap(maxEntries: 4096)
        let count = Scale.of(300, small: 150)  // a pass reports at most 128
        let dead = try (0..<count).map { _ in try SocketPair() }
        for pair in dead {
            try map.put(pair.server, as: pair.tuple)
            try pair.resetByClient()
        }
        var options = NodeObserver.Options()
        options.maps = [map.id]
        let path = "/tmp/unstuck-test-\(UUID().uuidString).jsonl"
        defer { unsafe unlink(path) }
        let entries = try map.entries
        let plan = Plan(deletions: try dead.map { try deletion(of: $0, in: map, entries) })
        let result = Repairer(journal: try Journal(path: path), looking: NodeObserver(options)).apply(plan)
        #expect(result.deletions.count == count)
        #expect(result.deletions.allSatisfy { $0.outcome == .deleted })
        #expect(try map.entries.isEmpty)
    }

    @Test func anEntryThatIsGoneIsReportedGone() throws {
        let scenario = try Scenario()
        let (plan, _) = try scenario.plan()
        scenario.map.remove(scenario.dead.tuple)
        #expect(try scenario.apply(plan).deletions.map(\.outcome) == [.gone])
    }

    @Test func anUnknownLayoutIsReportedAndNeverDeleted() throws {
        let scenario = try Scenario(layoutKnown: false)
        let (plan, diagnosis) = try scenario.plan { $0.isForced = true }
        #expect(plan.isEmpty)
        #expect(plan.undecided.count == 1)
        #expect(diagnosis.findings.isEmpty)
        #expect(diagnosis.unknown.count == 1)
        #expect(try scenario.map.entries.count == 7)
    }

    @Test func twoRunsDoNotMeet() throws {
        let path = "/tmp/unstuck-test-\(UUID().uuidString).lock"
        defer { unsafe unlink(path) }
        let first = try FileLock(path: path)
        let refusal = #expect(throws: FileLock.Failure.self) { _ = try FileLock(path: path) }
        guard case .held(let holder) = refusal else { throw try #require(refusal) }
        #expect(holder?.pid == getpid())
        #expect(abs(Double(holder?.since ?? 0) - Date().timeIntervalSince1970) < 60)
        _ = consume first
        // What is in the file is for people only.
        for text in ["", "1 0", "999999999 1 2", "-1 x"] {
            try Data(text.utf8).write(to: URL(filePath: path))
            _ = try FileLock(path: path)
        }
    }

    @Test func whoIsPatientComesAfterwards() throws {
        let path = "/tmp/unstuck-test-\(UUID().uuidString).lock"
        defer { unsafe unlink(path) }
        let held = unsafe open(path, O_RDWR | O_CREAT, 0o600)
        try #require(held >= 0 && flock(held, LOCK_EX) == 0)
        #expect(throws: FileLock.Failure.self) { _ = try FileLock(path: path, patience: 0.1) }
        Thread.detachNewThread {
            usleep(300_000)
            close(held)
        }
        _ = try FileLock(path: path, patience: 60, isTransient: true)
        #expect(unsafe access(path, F_OK) != 0)
    }

    private final class Holders: Sendable {
        private let now = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        func holdBriefly() {
            most.max(now.add(1, ordering: .sequentiallyConsistent).newValue, ordering: .sequentiallyConsistent)
            usleep(500)
            now.subtract(1, ordering: .sequentiallyConsistent)
        }
    }

    /// Also while its file comes and goes: who waits for one that was removed does not take it for the lock.
    @Test func oneAtATime() async throws {
        let path = "/tmp/unstuck-test-\(UUID().uuidString).lock"
        let seen = Holders()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<40 {
                        let lock = try FileLock(path: path, patience: 60, isTransient: true)
                        seen.holdBriefly()
                        _ = consume lock
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(seen.most.load(ordering: .sequentiallyConsistent) == 1)
        #expect(unsafe access(path, F_OK) != 0)
    }

    /// Someone takes keys over all the time while we delete: a live socket is never deleted without notice.
    @Test func neverDeletesALiveSocketWithoutNotice() throws {
        let map = try TestMap()
        var options = NodeObserver.Options()
        options.maps = [map.id]
        let path = "/tmp/unstuck-test-\(UUID().uuidString).jsonl"
        defer { unsafe unlink(path) }
        let repairer = Repairer(journal: try Journal(path: path), looking: NodeObserver(options))
        var counts: [String: Int] = [:]
        var duration: UInt32 = 0  // of an undisturbed run: new sockets come anywhere within that, and a little after
        var shift = 1.0  // of those moments, until both orders were seen
        let rounds = Scale.of(60, small: 18)
        func isDone(_ round: Int) -> Bool {
            round >= rounds && ["deleted", "changed"].allSatisfy { counts[$0] != nil } || round >= 4 * rounds
        }
        for round in 0... {
            if isDone(round) { break }
            let dead = try SocketPair()
            try map.put(dead.server, as: dead.tuple)
            try dead.resetByClient()
            let plan = Plan(deletions: [try deletion(of: dead, in: map, map.entries)])
            let newSocket = try SocketPair()
            let key = (KeyLayout.cilium.encode(dead.tuple) ?? [])
            let (descriptor, socket, delay) = (
                map.descriptor, newSocket.server,
                UInt32(Double(duration) * shift * 1.2 * Double(round % rounds) / Double(rounds))
            )
            let thread = Thread {
                usleep(delay)
                TestMap.replace(in: descriptor, key, with: socket)
            }
            if round > 0 { thread.start() }
            let start = ContinuousClock.now
            let outcome = try #require(repairer.apply(plan).deletions.first?.outcome)
            if round == 0 {
                duration = UInt32((ContinuousClock.now - start) / .microseconds(1))
                #expect(outcome == .deleted)
                continue
            }
            while !thread.isFinished { usleep(500) }
            counts[outcome.word, default: 0] += 1
            if round >= rounds { shift *= outcome == .deleted ? 0.8 : 1.25 }
            let inode = SocketPair.inode(newSocket.server)
            let isThere = try map.entries.contains { $0.socket.inode == inode }
            // Either the new socket is in the map, or the run said that something raced.
            #expect(isThere || outcome == .raced, "round \(round): \(outcome)")
            map.remove(dead.tuple)
        }
        // Both orders really happened: deleted before the new socket came, and skipped because it had come.
        #expect(counts["deleted", default: 0] > 0, "\(counts)")
        #expect(counts["changed", default: 0] > 0, "\(counts)")
    }

    /// A deletion as the planner would write it, of a zombie that this process holds.
    private func deletion(of dead: SocketPair, in map: TestMap, _ entries: [SockmapEntry]) throws -> Plan.Deletion {
        let entry = try #require(entries.first { $0.key.bytes == (KeyLayout.cilium.encode(dead.tuple) ?? []) })
        let status = try #require(readText("/proc/\(getpid())/stat").flatMap(ProcessStatus.init))
        return Plan.Deletion(
            entry: EntryReference(map: map.id, key: entry.key, socket: entry.socket.identity),
            mapName: "unstuck_test", state: .zombie, claim: dead.tuple, pod: nil,
            holder: SocketOwner(
                pid: getpid(), command: status.command, descriptor: dead.server, inode: entry.socket.inode,
                startTime: status.startTime),
            unreadBytes: 0, allowUnread: false, claimant: nil, reason: "test")
    }
}
