import Testing
import UnstuckDiagnosis
import UnstuckModel

/// Causes of listeners, paths and peers, and requests without an answer, each beside its control case.
@Suite("Causes of listeners, paths and peers")
struct PathCauseTests {
    private static let client = UnexplainedTests.client
    private static let server = UnexplainedTests.server

    /// Two samples, 3 s apart.
    private func samples(_ change: (inout NodeFixture, Int) -> Void) -> [Snapshot] {
        (0...1).map { number in
            var node = NodeFixture(at: 100 + Double(number) * 3)
            change(&node, number)
            return node.snapshot
        }
    }

    private func listener(_ node: inout NodeFixture, queue: UInt32, limit: UInt32) {
        let listener = node.socket(Self.server, "0.0.0.0:0", state: .listen, netns: 2, isMapped: false)
        node.list(listener)
        node.change(listener) {
            $0.acceptQueue = queue
            $0.acceptLimit = limit
        }
    }

    /// A connected client whose handshake is not complete at the server.
    private func halfOpen(queue: UInt32, limit: UInt32, request: UInt32 = 0, state: TCPState = .newSynReceived)
        -> Diagnosis
    {
        diagnose(
            samples { node, _ in
                let client = node.socket(Self.client, Self.server, isMapped: false)
                node.list(client)
                if request > 0 {
                    node.change(client, UnexplainedTests.send(request, unacknowledged: request))
                    node.change(client) {
                        $0.packetsInFlight = 1
                        $0.backoff = 3
                    }
                }
                node.list(
                    node.socket(Self.server, Self.client, state: state, netns: 2, isMapped: false, hasSocket: false))
                listener(&node, queue: queue, limit: limit)
            })
    }

    @Test(arguments: [0, 34] as [UInt32])
    func aFullAcceptQueue(_ request: UInt32) throws {
        let diagnosis = halfOpen(queue: 2, limit: 1, request: request)
        let finding = try #require(diagnosis.findings.first)
        #expect(diagnosis.findings.map(\.code) == [.overflow] && finding.severity == .critical)
        #expect(
            finding.evidence.contains(Fact("accept queue", "2 of at most 2 connections: full, new ones are dropped")))
    }

    /// There is room, and the client has sent its request: its last packets are lost.
    @Test func roomInTheAcceptQueue() throws {
        let finding = try #require(halfOpen(queue: 1, limit: 1, request: 34).findings.first)
        #expect(finding.code == .loss)
        #expect(finding.ruledOut.contains("full accept queue (the accept queue holds 1 of at most 2 connections)"))
    }

    /// It waits for the first byte: stuck only if the client is seen to wait for the server.
    @Test func aDeferredAccept() throws {
        let finding = try #require(halfOpen(queue: 0, limit: 64).findings.first)
        #expect(finding.code == .deferAccept && finding.severity == .warning)
    }

    @Test func aHandshakeThatIsComplete() {
        #expect(halfOpen(queue: 0, limit: 64, state: .timeWait).findings.isEmpty)
    }

    /// A client that sends its request again and again through a veth pair, by a neighbour entry.
    private func neighbour(
        _ state: Neighbour.State, _ address: String?, isBridged: Bool = false, netns: UInt32? = 9
    ) -> Diagnosis {
        diagnose(
            samples { node, _ in
                let ends = node.plain(Self.client, Self.server)
                node.change(ends.0, UnexplainedTests.send(34, unacknowledged: 34))
                node.change(ends.0) {
                    $0.packetsInFlight = 1
                    $0.backoff = 3
                }
                var here = Link(netns: 1, index: 2, name: "eth0", isUp: true)
                (here.kind, here.peerIndex, here.peerNetns) = ("veth", 7, netns)
                var there = Link(netns: 9, index: 7, name: "veth7", isUp: true)
                (there.kind, there.hardwareAddress) = ("veth", "02:00:00:00:00:01")
                if isBridged { there.master = 3 }
                node.snapshot.links = [here, there]
                node.snapshot.neighbours = [
                    Neighbour(
                        netns: 1, linkIndex: 2, address: NodeFixture.endpoint("192.0.2.1:1").address,
                        hardwareAddress: address, state: state)
                ]
            })
    }

    @Test func aNeighbourEntryThatIsNotThePeers() throws {
        let finding = try #require(neighbour(.permanent, "02:00:00:00:00:99").findings.first)
        #expect(finding.code == .neighbour && finding.severity == .critical)
        #expect(neighbour(.failed, nil).findings.map(\.code) == [.neighbour])
    }

    /// The peer's own address; a bridge behind the pair; a pair whose other end was not seen.
    @Test func neighbourEntriesThatMayBeRight() {
        for diagnosis in [
            neighbour(.permanent, "02:00:00:00:00:01"), neighbour(.permanent, "02:00:00:00:00:99", isBridged: true),
            neighbour(.permanent, "02:00:00:00:00:99", netns: nil),
        ] {
            #expect(diagnosis.findings.map(\.code) == [.loss])
        }
    }

    @Test(arguments: [0, 2] as [UInt64])
    func anUnreachablePeer(_ unreachable: UInt64) throws {
        let diagnosis = diagnose(
            samples { node, number in
                let ends = node.plain(Self.client, Self.server)
                node.change(ends.0, UnexplainedTests.send(34, unacknowledged: 34))
                node.change(ends.0) {
                    $0.packetsInFlight = 1
                    $0.backoff = 3
                }
                node.snapshot.sockets.removeAll { $0.socket.identity == ends.1.identity }
                node.snapshot.counters = [
                    NamespaceCounters(
                        netns: 1, takenAt: node.snapshot.monotonic,
                        values: ["IcmpInDestUnreachs": 5 + (number == 1 ? unreachable : 0)])
                ]
            })
        #expect(diagnosis.findings.map(\.code) == [unreachable > 0 ? .peerVanished : .loss])
    }

    /// A request that was read and not answered is a note; what was answered, or is young, is nothing.
    @Test(arguments: [(5000, 9000, true), (5000, 4000, false), (1000, 9000, false)] as [(UInt32, UInt32, Bool)])
    func aRequestWithoutAnAnswer(_ received: UInt32, _ sent: UInt32, _ isNoted: Bool) {
        var node = NodeFixture(at: 100)
        let ends = node.plain(Self.client, Self.server)
        node.change(ends.1, UnexplainedTests.receive(0, read: 34))
        node.change(ends.1) {
            $0.millisecondsSinceReceive = received
            $0.millisecondsSinceSend = sent
        }
        node.change(ends.0, UnexplainedTests.send(34))
        listener(&node, queue: 0, limit: 64)
        let diagnosis = diagnose([node.snapshot])
        #expect(diagnosis.findings.map(\.code) == (isNoted ? [.silent] : []))
        #expect(!diagnosis.hasFindings && !diagnosis.isInconclusive)
    }

    /// A connection is one connection, however many sockets look like its ends.
    @Test func connectionsAreJoinedOnce() {
        var node = NodeFixture(at: 100)
        _ = node.plain(Self.client, Self.server)  // both ends here
        node.list(node.socket("192.0.2.10:50600", "198.51.100.1:443", isMapped: false))  // one end here
        // The same loopback tuple in two namespaces: two connections.
        for netns: UInt32 in [3, 4] {
            node.list(node.socket("127.0.0.1:50000", "127.0.0.1:80", netns: netns, isMapped: false), salt: netns)
            node.list(node.socket("127.0.0.1:80", "127.0.0.1:50000", netns: netns, isMapped: false), salt: netns)
        }
        #expect(diagnose([node.snapshot]).checked.connections == 4)
    }
}
