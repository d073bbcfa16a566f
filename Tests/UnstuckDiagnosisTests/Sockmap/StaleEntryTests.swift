import Testing
import UnstuckDiagnosis
import UnstuckModel

@Suite("Stale entries")
struct StaleEntryTests {
    func node(at monotonic: Double = 100, queued: UInt32 = 0) -> NodeFixture {
        var node = NodeFixture(at: monotonic)
        node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
        node.healthy("192.0.2.10:40001", "203.0.113.7:8080")
        node.zombie("203.0.113.7:8080", "192.0.2.10:50504", queued: queued)
        return node
    }

    @Test func onceIsOnlySuspect() {
        let diagnosis = diagnose([node().snapshot])
        #expect(diagnosis.findings.isEmpty)
        #expect(diagnosis.suspects.count == 1)
    }

    @Test func twiceIsAFinding() throws {
        let diagnosis = diagnose([node(at: 100).snapshot, node(at: 103).snapshot])
        let finding = try #require(diagnosis.findings.first)
        #expect(finding.code == .zombie)
        #expect(finding.subject.holders.map(\.descriptor) == [17])
        #expect(diagnosis.suspects.isEmpty)
    }

    @Test func twiceInOneSecondIsNot() {
        #expect(diagnose([node(at: 100).snapshot, node(at: 101).snapshot]).findings.isEmpty)
    }

    /// Another socket in the same entry: the first was closed properly, the second is just closing.
    @Test func anotherSocketStartsAnew() {
        var second = node(at: 103)
        second.snapshot.sockmaps[0].entries[4].socket.identity = SocketIdentity(address: 0xBEEF, cookie: 999)
        let diagnosis = diagnose([node(at: 100).snapshot, second.snapshot])
        #expect(diagnosis.findings.isEmpty)
        #expect(diagnosis.suspects.count == 1)
    }

    /// The same loopback tuple in another pod is another connection: it makes no zombie of a closing socket here.
    @Test func aStrangersTupleIsNoClaim() throws {
        var node = NodeFixture()
        node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
        node.zombie("127.0.0.1:8080", "127.0.0.1:40000", queued: 5)
        for (local, remote) in [("127.0.0.1:40000", "127.0.0.1:8080"), ("127.0.0.1:8080", "127.0.0.1:40000")] {
            node.list(node.socket(local, remote, netns: 9, isMapped: false))
        }
        let diagnosis = diagnose([node.snapshot])
        #expect(diagnosis.findings.isEmpty)
        #expect(diagnosis.suspects.count == 1)
        #expect(makePlan(try #require(NodeView([node.snapshot])), diagnosis).isEmpty)
    }

    @Test func aLookInWhichItLivedStartsAnew() {
        var living = node(at: 102)
        living.snapshot.sockmaps[0].entries[4].socket.state = .established
        let diagnosis = diagnose([node(at: 100).snapshot, living.snapshot, node(at: 103).snapshot])
        #expect(diagnosis.findings.isEmpty)
    }

    @Test func looksOfAnotherBootDoNotCount() {
        var other = node(at: 100)
        other.snapshot.boot = "b0"
        #expect(diagnose([other.snapshot, node(at: 103).snapshot]).findings.isEmpty)
    }

    @Test func leakedEntriesAreCountedPerPod() throws {
        func look(_ monotonic: Double) -> Snapshot {
            var node = NodeFixture(at: monotonic)
            node.snapshot.cgroups = [
                Cgroup(id: 11, path: "/a", podUID: "u1"), Cgroup(id: 12, path: "/b", podUID: "u2"),
            ]
            node.snapshot.pods = [
                Pod(uid: "u1", namespace: "shop", name: "web-0"), Pod(uid: "u2", namespace: "shop", name: "web-1"),
            ]
            for port in 0..<10 { node.healthy("192.0.2.10:\(41000 + port)", "203.0.113.7:8080") }
            for port in 0..<5 {
                // A leaked socket has lost its peer's port.
                let dead = node.socket(
                    "203.0.113.7:8080", "192.0.2.10:0", state: .close, netns: 2, hasSocket: false, isDead: true,
                    cgroup: port < 3 ? 11 : 12)
                node.file(
                    dead,
                    as: FourTuple(
                        local: dead.tuple.local, remote: NodeFixture.endpoint("192.0.2.10:\(42000 + port)")))
            }
            return node.snapshot
        }
        let findings = diagnose([look(100), look(103)]).findings
        #expect(findings.map(\.code) == [.leaked, .leaked])
        #expect(findings.map(\.subject.pod) == ["shop/web-0", "shop/web-1"])
        #expect(findings.map(\.subject.entries.count) == [3, 2])
    }

    @Test func anUnknownLayoutIsNeverClassified() {
        func look(_ monotonic: Double) -> Snapshot {
            var node = node(at: monotonic)
            for index in node.snapshot.sockmaps[0].entries.indices {
                node.snapshot.sockmaps[0].entries[index].key.bytes[0] ^= 0xFF
            }
            return node.snapshot
        }
        let looks = [look(100), look(103)]
        let diagnosis = diagnose(looks)
        #expect(diagnosis.findings.isEmpty)
        #expect(diagnosis.unknown.count == 1)
        let plan = NodeView(looks).map { makePlan($0, diagnosis) }
        #expect(plan?.isEmpty == true)
        #expect(plan?.undecided.count == 1)
    }

    @Test func whatCouldNotBeSeenIsSaid() {
        var node = NodeFixture()
        node.snapshot.missingEvidence = [MissingEvidence(.sockmaps, action: "list BPF maps", .needs("CAP_SYS_ADMIN"))]
        #expect(diagnose([node.snapshot]).unknown == ["could not list BPF maps: needs CAP_SYS_ADMIN"])
    }

    @Test func aReconnectedDescriptorIsCrossWired() throws {
        var node = node()
        let live = node.socket("192.0.2.10:50600", "203.0.113.9:7070")
        node.list(live)
        node.file(
            live,
            as: FourTuple(
                local: NodeFixture.endpoint("192.0.2.10:50599"), remote: NodeFixture.endpoint("203.0.113.7:7070")))
        let finding = try #require(diagnose([node.snapshot]).findings.first)
        #expect(finding.code == .crossWired)
        #expect(finding.subject.sockets == [live.identity])
    }

    /// A quiet map that holds nothing but one socket under another's key: no socket agrees with any layout. That the key
    /// names another live socket decides, or the word of anyone who asks.
    @Test(arguments: [true, false], ["203.0.113.7", "2001:db8::7"])
    func aQuietMapWithOneCrossWiredEntry(_ isNamedLive: Bool, _ server: String) throws {
        let client = server.contains(":") ? "2001:db8::10" : "192.0.2.10"
        let other = try #require(IPAddress(server)), own = try #require(IPAddress(client))
        var node = NodeFixture()
        let live = node.socket("\(Endpoint(own, 50600))", "\(Endpoint(other, 7070))")
        let named = node.socket("\(Endpoint(own, 50599))", "\(Endpoint(other, 7070))", isMapped: false)
        node.list(live)
        node.file(live, as: named.tuple)
        if isNamedLive { node.list(named) }
        #expect(LayoutDecision(for: node.snapshot.sockmaps[0]).layout == nil)

        let seen = diagnose([node.snapshot])
        if isNamedLive {
            #expect(seen.findings.map(\.code).contains(.crossWired))
            let decision = try #require(NodeView([node.snapshot])?.sockmaps.layouts[NodeFixture.map])
            #expect(decision.layout == .cilium && decision.isInferred)
            #expect(decision.evidence.hasPrefix("1 of 1 keys name another live socket of the node"))
        } else {
            #expect(seen.findings.isEmpty && seen.unknown.count == 1)
        }
        let told = diagnose([node.snapshot.reading(keysAs: .cilium)])
        #expect(told.findings.map(\.code).contains(.crossWired))
        // A word that the sockets do not bear out is no licence to delete.
        let decision = try #require(
            NodeView([node.snapshot.reading(keysAs: .cilium)])?.sockmaps.layouts[NodeFixture.map])
        #expect(decision.isInferred && decision.compared == 1 && decision.agreed == 0)
        // A layout of another size changes nothing.
        #expect(diagnose([node.snapshot.reading(keysAs: .kmesh)]).findings.count == seen.findings.count)
    }
}
