import Testing
import UnstuckDiagnosis
import UnstuckModel
import UnstuckRender

@Suite("What a plan is about")
struct SelectionTests {
    static let uids = ["11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"]

    /// Two pods: the first with two zombies, the second with a leaked entry, whose socket is known by its address only.
    func looks() -> [Snapshot] {
        [100.0, 103.0].map { monotonic in
            var node = NodeFixture(at: monotonic)
            node.snapshot.cgroups = Self.uids.enumerated().map {
                Cgroup(id: UInt64($0 + 1), path: "/pod\($1)", podUID: $1)
            }
            node.snapshot.pods = [
                Pod(uid: Self.uids[0], namespace: "shop", name: "web-0"),
                Pod(uid: Self.uids[1], namespace: "shop", name: "web-1"),
                Pod(uid: "33333333-3333-3333-3333-333333333333", namespace: "shop", name: "idle"),
            ]
            for port in 0..<6 { node.healthy("192.0.2.10:\(41000 + port)", "203.0.113.9:80") }
            for port in [50504, 50505] { node.zombie("203.0.113.7:8080", "192.0.2.10:\(port)") }
            for index in node.snapshot.sockmaps[0].entries.indices.suffix(2) {
                node.snapshot.sockmaps[0].entries[index].socket.cgroup = 1
            }
            node.list(node.socket("[2001:db8::7]:9090", "[2001:db8::1]:1", netns: 3, isMapped: false, cgroup: 2))
            var leaked = node.socket(
                "[2001:db8::7]:8080", "[2001:db8::1]:50504", state: .close, hasSocket: false, isDead: true)
            leaked.tuple.remote.port = 0
            node.file(
                leaked,
                as: FourTuple(
                    local: NodeFixture.endpoint("[2001:db8::7]:8080"),
                    remote: NodeFixture.endpoint("[2001:db8::1]:50504")))
            return node.snapshot
        }
    }

    func plan(
        _ looks: [Snapshot]? = nil, isInferred: Bool = false, _ change: (inout PlanOptions) -> Void
    ) throws -> Plan {
        var options = PlanOptions()
        change(&options)
        let view = try #require(
            NodeView(looks ?? self.looks()) { map in
                var decision = LayoutDecision(for: map)
                decision.isInferred = isInferred
                return decision
            })
        return makePlan(view, diagnose(view), options)
    }

    func selected(_ change: (inout EntryFilter) -> Void) throws -> (deleted: Int, left: Int) {
        let plan = try plan { change(&$0.selection) }
        #expect(plan.refusals.isEmpty)
        return (plan.deletions.count, plan.notSelected)
    }

    @Test func selects() throws {
        let (v4, v6) = (try #require(IPAddress("203.0.113.7")), try #require(IPAddress("2001:db8::1")))
        #expect(try selected { _ in } == (3, 0))
        #expect(try selected { $0.pods = ["shop/web-0"] } == (2, 1))
        #expect(try selected { $0.pods = [Self.uids[1]] } == (1, 2))
        #expect(try selected { $0.pods = ["shop/web-0", "shop/web-1"] } == (3, 0))
        #expect(try selected { $0.states = [.leaked] } == (1, 2))
        #expect(try selected { $0.states = [.leaked, .zombie] } == (3, 0))
        #expect(try selected { $0.addresses = [v6] } == (1, 2))
        #expect(try selected { $0.addresses = [v4] } == (2, 1))
        #expect(try selected { $0.ports = [50505] } == (1, 2))
        #expect(try selected { $0.ports = [50504] } == (2, 1))
        let key = try #require(looks()[0].sockmaps[0].entries.last?.key)
        #expect(try selected { $0.keys = [key] } == (1, 2))
        // All that were given must fit.
        #expect(try selected { ($0.pods, $0.ports) = (["shop/web-0"], [50505]) } == (1, 2))
        #expect(try selected { ($0.pods, $0.states) = (["shop/web-0"], [.leaked]) } == (0, 3))
    }

    @Test func aPodWithoutDeadEntriesIsNoMistake() throws {
        #expect(try selected { $0.pods = ["shop/idle"] } == (0, 3))
    }

    @Test func anUnknownPodIsRefusedAndTheOthersNamed() throws {
        let plan = try plan { $0.selection.pods = ["shop/wbe-0"] }
        #expect(
            plan.refusals == [
                "no pod shop/wbe-0 on this node; pods with stale entries: shop/web-0 (2), shop/web-1 (1)"
            ])
    }

    @Test func saysWhatWasLeftOut() throws {
        let text = PlanText(style: .plain).render(try plan { $0.selection.states = [.leaked] })
        #expect(text.contains("\n  2 stale entries not selected\n"), "\(text)")
        let nothing = PlanText(style: .plain).render(try plan { $0.selection.ports = [1] })
        #expect(
            nothing.hasPrefix("✓ nothing to repair in what was selected\n  3 stale entries not selected\n"),
            "\(nothing)"
        )
    }

    /// What hurts now comes first, within the limit.
    @Test func claimedEntriesComeFirst() throws {
        var looks = looks()
        for index in looks.indices {
            var node = NodeFixture(at: 0)
            node.snapshot = looks[index]
            // Sockets of the fixture number themselves anew: these are distinguished by their addresses.
            var claimant = node.socket("203.0.113.7:8080", "192.0.2.10:50505", netns: 2, isMapped: false)
            claimant.identity = SocketIdentity(address: 0xABC, cookie: 9999)
            node.list(claimant)
            looks[index] = node.snapshot
        }
        let plan = try plan(looks) { $0.limit = 1 }
        #expect(plan.deletions.map(\.claim.remote.port) == [50505])
        #expect(plan.beyondLimit == 2)
    }

    @Test func anInferredLayoutNeedsAWord() throws {
        let careful = try plan(isInferred: true) { _ in }
        #expect(careful.deletions.isEmpty)
        #expect(careful.undecided.count == 3)
        #expect(careful.undecided.allSatisfy { $0.reason.contains("--accept-inferred") })
        #expect(try plan(isInferred: true) { $0.acceptsInferred = true }.deletions.count == 3)
        #expect(try plan { $0.acceptsInferred = true }.deletions.count == 3)
    }
}
