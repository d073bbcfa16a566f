import Testing
import UnstuckDiagnosis
import UnstuckModel

@Suite("Misdirected connections, from one look")
struct MisdirectedTests {
    static let client = "192.0.2.10:50504"
    static let server = "203.0.113.7:8080"

    func codes(_ snapshot: Snapshot) -> [Finding.Code] { diagnose([snapshot]).findings.map(\.code) }

    @Test func aZombieWithSwallowedBytesIsStuck() throws {
        var node = NodeFixture()
        node.healthy("192.0.2.10:40000", Self.server)
        let dead = node.zombie(Self.server, Self.client, queued: 18)
        node.halfAccelerated(Self.client, Self.server)
        let diagnosis = diagnose([node.snapshot])
        let finding = try #require(diagnosis.findings.first)
        #expect(finding.code == .misdirected)
        #expect(finding.subject.stage == .stuck)
        #expect(finding.subject.bytes == 18)
        #expect(finding.subject.entries.map(\.socket) == [dead.identity])
        #expect(finding.subject.holders.map(\.pid) == [2210])
        #expect(finding.ruledOut.contains("loss (nothing unacknowledged in flight, 0 retransmits)"))
        #expect(finding.ruledOut.contains("not accepting (it was accepted)"))
        #expect(diagnosis.findings.map(\.code) == [.misdirected, .disclosure, .zombie])
        #expect(diagnosis.suspects.isEmpty)  // a live connection claims the tuple: one sighting is enough
    }

    /// On 5.10 tracing tells no cookies of sockets, and a lookup does of sockets: they are the same sockets all the same.
    @Test func aSocketWithoutItsCookieIsNoStranger() throws {
        var node = NodeFixture()
        node.healthy(Self.client, Self.server)
        for index in node.snapshot.sockets.indices { node.snapshot.sockets[index].socket.identity.cookie = 0 }
        // Another namespace has the same tuple and files nothing: who looks for a stranger asks about each of them.
        let other = node.socket(Self.server, Self.client, netns: 9, isMapped: false)
        node.list(other, salt: 1 << 30)
        #expect(codes(node.snapshot).isEmpty)
        let view = try #require(NodeView([node.snapshot]))
        for entry in view.sockmaps.entries { #expect(view.claimant(of: entry) == nil) }
        let sender = try #require(view.connected(NodeFixture.tuple(Self.client, Self.server)).first)
        #expect(RedirectPath(of: sender, in: view).hops.map(\.verdict) == [.reachesPeer])
    }

    @Test func withoutBytesItIsArmed() throws {
        var node = NodeFixture()
        node.zombie(Self.server, Self.client)
        node.halfAccelerated(Self.client, Self.server)
        let findings = diagnose([node.snapshot]).findings
        #expect(findings.map(\.code) == [.misdirected, .zombie])
        #expect(findings.first?.subject.stage == .atRisk)
    }

    @Test func ipv6() {
        var node = NodeFixture()
        node.zombie("[2001:db8:0:1::11]:8080", "[2001:db8::10]:50504", queued: 1)
        node.halfAccelerated("[2001:db8::10]:50504", "[2001:db8:0:1::11]:8080")
        #expect(codes(node.snapshot) == [.misdirected, .disclosure, .zombie])
    }

    /// Both ends show tcp_bpf_*: the receiver sits in a second map. Handlers alone would say "healthy".
    @Test func handlersThatLookHealthyDoNotHideIt() {
        var node = NodeFixture()
        node.addMap(36)
        node.zombie(Self.server, Self.client, queued: 18)
        let sender = node.socket(Self.client, Self.server)
        let receiver = node.socket(Self.server, Self.client, netns: 2)
        for end in [sender, receiver] { node.list(end) }
        node.file(sender)
        node.file(receiver, in: 36)
        #expect(codes(node.snapshot).first == .misdirected)
    }

    /// The same loopback tuple in two pods: the second pair's insertions were refused, so its bytes reach the first.
    @Test func aLiveWrongSocketIsFound() throws {
        var node = NodeFixture()
        node.healthy("127.0.0.1:40000", "127.0.0.1:7070", netns: (2, 2), salt: 1)
        for (local, remote) in [("127.0.0.1:40000", "127.0.0.1:7070"), ("127.0.0.1:7070", "127.0.0.1:40000")] {
            node.addMapIfMissing(36)
            let end = node.socket(local, remote, netns: 3)  // still has a psock: it is in another map too
            node.list(end, salt: 9)
            node.file(end, in: 36)
        }
        let findings = diagnose([node.snapshot]).findings
        #expect(findings.count { $0.code == .misdirected } == 2)
        #expect(findings.count { $0.code == .disclosure } == 2)
        #expect(!findings.contains { $0.code == .zombie })
    }

    /// An accelerator that was upgraded wrote its keys in two ways: the receiver is there, under one of them.
    @Test func aReceiverUnderAnotherSpellingIsHealthy() {
        var node = NodeFixture()
        node.zombie(Self.server, Self.client, queued: 3)
        let receiver = node.halfAccelerated(Self.client, Self.server).1
        var key = (KeyLayout.cilium.encode(receiver.tuple) ?? [])
        key[33] = 6
        node.snapshot.sockmaps[0].entries.append(
            SockmapEntry(key: SockmapKey(key), socket: receiver, isStable: true))
        #expect(!codes(node.snapshot).contains(.misdirected))
    }

    @Test func aMissIsHealthy() {
        var node = NodeFixture()
        node.halfAccelerated(Self.client, Self.server)
        #expect(codes(node.snapshot) == [])
    }

    @Test func aPlainConnectionIsHealthy() {
        var node = NodeFixture()
        node.healthy("192.0.2.10:40000", Self.server)
        for (local, remote) in [(Self.client, Self.server), (Self.server, Self.client)] {
            node.list(node.socket(local, remote, isMapped: false))
        }
        #expect(codes(node.snapshot) == [])
    }

    /// The map changed between its two passes: a connection came while we looked.
    @Test func churnIsNotMisdirection() {
        var node = NodeFixture()
        let old = node.socket(Self.server, Self.client, netns: 2)
        node.file(old, isStable: false)
        node.halfAccelerated(Self.client, Self.server)
        #expect(codes(node.snapshot) == [])
    }

    /// A socket with the reversed tuple that is not the other end: its sequence numbers say so.
    @Test func aStrangerWithTheSameTupleIsNoPeer() {
        var node = NodeFixture()
        node.zombie(Self.server, Self.client, queued: 3)
        let sender = node.socket(Self.client, Self.server)
        node.list(sender)
        node.file(sender)
        node.list(node.socket(Self.server, Self.client, netns: 5, isMapped: false), salt: 0x4000_0000)
        #expect(!codes(node.snapshot).contains(.misdirected))
    }

    @Test func aProgramWithoutThisMapDoesNotRedirectThere() {
        var node = NodeFixture()
        node.zombie(Self.server, Self.client, queued: 18)
        node.halfAccelerated(Self.client, Self.server)
        node.snapshot.programs = [BPFProgram(id: NodeFixture.program, name: "other", maps: [99])]
        #expect(!codes(node.snapshot).contains(.misdirected))
    }

    @Test func aConnectionInTheAcceptQueueIsHealthy() {
        var node = NodeFixture()
        let client = node.socket(Self.client, Self.server)
        let waiting = node.socket(Self.server, Self.client, netns: 2, hasSocket: false)
        for end in [client, waiting] {
            node.list(end)
            node.file(end)
        }
        #expect(codes(node.snapshot) == [])
    }
}

extension NodeFixture {
    mutating func addMapIfMissing(_ id: UInt32) {
        if !snapshot.sockmaps.contains(where: { $0.id == id }) { addMap(id) }
    }
}
