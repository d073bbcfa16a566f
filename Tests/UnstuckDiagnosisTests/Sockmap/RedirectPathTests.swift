import Testing
import UnstuckDiagnosis
import UnstuckModel

@Suite("Where bytes go")
struct RedirectPathTests {
    private static let client = "192.0.2.10:50504"
    private static let server = "203.0.113.7:8080"

    private func path(_ node: NodeFixture, from local: String = client) throws -> RedirectPath {
        let view = try #require(NodeView([node.snapshot]))
        let sender = try #require(view.now.sockets.first { "\($0.socket.tuple.local)" == local })
        return RedirectPath(of: sender, in: view)
    }

    @Test func toThePeer() throws {
        var node = NodeFixture()
        node.healthy(Self.client, Self.server)
        let path = try path(node)
        #expect(path.program?.id == NodeFixture.program)
        #expect(path.sendmsg == "tcp_bpf_sendmsg")
        #expect(path.peerIsHere)
        let hop = try #require(path.hops.first)
        #expect(hop.verdict == .reachesPeer)
        #expect(hop.sockets.map(\.isPeer) == [true])
        #expect(hop.key == KeyLayout.cilium.encode(path.connection.reversed).map { SockmapKey($0) })
    }

    @Test func intoADeadSocket() throws {
        var node = NodeFixture()
        node.zombie(Self.server, Self.client, queued: 18)
        node.halfAccelerated(Self.client, Self.server)
        let hop = try #require(try path(node).hops.first)
        #expect(hop.verdict == .misdirected)
        #expect(hop.sockets.map(\.state) == [.zombie])
        #expect(hop.sockets.map(\.unreadBytes) == [18])
    }

    @Test func throughTheStackWhereNobodyIsFiled() throws {
        var node = NodeFixture()
        node.healthy("192.0.2.10:50505", "203.0.113.7:8081")
        node.halfAccelerated(Self.client, Self.server)
        #expect(try path(node).hops.first?.verdict == .misses)
        #expect(try path(node, from: Self.server).program == nil, "the server has no psock")
    }

    /// An accelerator that nobody declared: the key is not reported, and the peer is found all the same.
    @Test func throughAMapOfAnotherLayout() throws {
        var node = NodeFixture()
        let (one, other) = node.healthy(Self.client, Self.server)
        node.snapshot.sockmaps[0].keySize = 20
        node.snapshot.sockmaps[0].entries = [one, other].enumerated().map { index, socket in
            SockmapEntry(
                key: SockmapKey(Array(repeating: UInt8(index + 1), count: 20)), socket: socket, isStable: true)
        }
        let hop = try #require(try path(node).hops.first)
        #expect(hop.layout == nil && hop.key == nil)
        #expect(hop.verdict == .unknown)
        #expect(hop.sockets.map(\.isPeer) == [true])
    }
}
