import Testing
import UnstuckDiagnosis
import UnstuckModel

@Suite("The plan")
struct PlanTests {
    static let client = "192.0.2.10:50504"
    static let server = "203.0.113.7:8080"

    func looks(queued: UInt32 = 0, live: Int = 4, isClaimed: Bool = false) -> [Snapshot] {
        [100.0, 103.0].map { monotonic in
            var node = NodeFixture(at: monotonic)
            for port in 0..<live { node.healthy("192.0.2.10:\(41000 + port)", Self.server) }
            node.zombie(Self.server, Self.client, queued: queued)
            if isClaimed { node.halfAccelerated(Self.client, Self.server) }
            return node.snapshot
        }
    }

    func plan(_ looks: [Snapshot], _ change: (inout PlanOptions) -> Void = { _ in }) throws -> Plan {
        var options = PlanOptions()
        change(&options)
        return makePlan(try #require(NodeView(looks)), diagnose(looks), options)
    }

    @Test func deletesAProvenZombieAndHoldsIt() throws {
        let plan = try plan(looks())
        #expect(plan.deletions.count == 1)
        #expect(plan.deletions.first?.holder?.pid == 2210)
        #expect(plan.refusals.isEmpty)
    }

    @Test func suspectsAreLeftAlone() throws {
        let plan = try plan(Array(looks().prefix(1)))
        #expect(plan.isEmpty)
        #expect(plan.undecided.count == 1)
    }

    @Test func unreadBytesProtectAnEntryThatNobodyClaims() throws {
        #expect(try plan(looks(queued: 9)).isEmpty)
        #expect(try plan(looks(queued: 9)) { $0.discardsUnread = true }.deletions.first?.allowUnread == true)
    }

    @Test func aLiveClaimOutweighsUnreadBytes() throws {
        let plan = try plan(looks(queued: 9, isClaimed: true))
        #expect(plan.deletions.first?.allowUnread == true)
        #expect(plan.resets.isEmpty)
        #expect(plan.cautions.count == 1)  // the hole, and --reset-stuck
    }

    @Test func resetsTakeTheirOwnEntriesAlong() throws {
        let plan = try plan(looks(queued: 9, isClaimed: true)) { $0.resetsStuck = true }
        let reset = try #require(plan.resets.first)
        #expect(reset.ends.map(\.tuple.local.description) == [Self.client, Self.server])
        #expect(reset.entries.count == 1)  // the client's own; the server's insertion was refused
        #expect(plan.deletions.count == 1)
    }

    @Test func anArmedConnectionIsNotReset() throws {
        #expect(try plan(looks(isClaimed: true)) { $0.resetsStuck = true }.resets.isEmpty)
    }

    @Test func moreThanHalfOfAMapIsRefusedUntilForced() throws {
        #expect(try plan(looks(live: 0)).refusals.count == 1)
        let forced = try plan(looks(live: 0)) { $0.isForced = true }
        #expect(forced.refusals.isEmpty)
        #expect(forced.cautions.count == 1)
    }

    @Test func aRunIsCapped() throws {
        let looks = [100.0, 103.0].map { monotonic in
            var node = NodeFixture(at: monotonic)
            for port in 0..<10 { node.healthy("192.0.2.10:\(41000 + port)", Self.server) }
            for port in 0..<5 { node.zombie(Self.server, "192.0.2.10:\(50500 + port)") }
            return node.snapshot
        }
        let plan = try plan(looks) { $0.limit = 3 }
        #expect(plan.deletions.count == 3)
        #expect(plan.cautions.count == 1)
    }

    @Test func aZombieWithoutAKnownHolderIsLeftAlone() throws {
        var looks = looks()
        for index in looks.indices { looks[index].owners = [] }
        let plan = try plan(looks)
        #expect(plan.isEmpty)
        #expect(plan.undecided.count == 1)
    }
}
