import Testing
import UnstuckModel

/// Keys without sockets, held against tables.
@Suite("Walked maps")
struct WalkedMapTests {
    static func tuple(_ local: String, _ remote: String) -> FourTuple {
        let nowhere = Endpoint(IPAddress(v4: 0), 0)
        return FourTuple(local: Endpoint(local) ?? nowhere, remote: Endpoint(remote) ?? nowhere)
    }

    /// Connections of one namespace to a server, four of them live.
    static let live = (1...4).map { tuple("192.0.2.10:\(50_000 + $0)", "203.0.113.10:8080") }
    static let dead = tuple("203.0.113.10:8080", "192.0.2.10:50504")

    var look = Snapshot(takenAt: 0, monotonic: 0, host: "node", boot: "b", kernelRelease: "test")
    var map = Sockmap(id: 1, name: "m", kind: .sockhash, keySize: 44, valueSize: 4, maxEntries: 100)

    init() {
        look.namespaces = [NetworkNamespace(inode: 1, name: nil, process: 1, wasRead: true)]
        for evidence in [Evidence.sockmaps, .sockets, .namespaces] { look.coverage.noteRead(evidence, at: 0) }
        map.walk = SockmapWalk(isComplete: true)
        for tuple in Self.live {
            list(tuple)
            file(tuple)
        }
    }

    mutating func list(
        _ tuple: FourTuple, state: TCPState = .established, netns: UInt32 = 1, inode: UInt64 = 5, cookie: UInt64 = 0
    ) {
        look.sockets.append(
            TCPSocket(
                socket: KernelSocket(
                    identity: SocketIdentity(
                        address: 0, cookie: cookie == 0 ? 1000 + UInt64(look.sockets.count) : cookie),
                    tuple: tuple, state: state, hasSocket: inode != 0, isDead: false, inode: inode, netns: netns,
                    cgroup: 0,
                    handlers: nil, psock: nil)))
    }

    mutating func file(_ tuple: FourTuple, layout: KeyLayout = .cilium, cookie: UInt64? = nil, isStable: Bool = true) {
        map.walk?.entries.append(
            WalkedEntry(key: SockmapKey(layout.encode(tuple) ?? []), cookie: cookie, isStable: isStable))
    }

    /// What the last entry that was inserted is.
    var last: WalkedMap.Verdict? {
        map.walk?.entries.last.map(WalkedMap(map, seen: SeenSockets(look)).classify)
    }
    var decision: LayoutDecision { WalkedMap(map, seen: SeenSockets(look)).decision }

    @Test func noSocketIsUnseen() {
        var node = self
        node.file(Self.dead)
        #expect(node.decision.layout == .cilium)
        #expect(node.decision.evidence == "4 of 5 keys name a live socket of the node")
        #expect(node.last?.state == .unseen)
        #expect(node.last?.claim == Self.dead)
    }

    /// The sockets came through an iterator that tells no cookies (5.10), and the map's values tell its sockets': a
    /// descriptor that was connected anew lives under another tuple than its key names, and is found by its cookie alone.
    @Test func cookiesAreLearntFromTheTables() throws {
        var node = self
        let anew = Self.tuple("203.0.113.10:8080", "192.0.2.77:1")
        node.file(Self.dead, cookie: 77)
        node.list(anew, cookie: 77)
        var told = Snapshot.Reading()
        told.sockets = node.look.sockets
        told.namespaces = [NetworkNamespace(inode: 2, name: nil, process: 2, wasRead: true)]
        for index in node.look.sockets.indices {
            node.look.sockets[index].socket.identity = SocketIdentity(address: 0xFFFF_0000 + UInt64(index))
        }
        let late = Self.tuple("203.0.113.10:8080", "192.0.2.78:1")
        var other = told.sockets[0]
        other.socket.tuple = late
        other.socket.identity.cookie = 78
        told.sockets.append(other)
        #expect(node.last?.state == .unseen, "nothing is known of it yet")
        node.look.add(told)
        #expect(node.last?.state == .crossWired)
        #expect(node.look.sockets.count == Self.live.count + 2, "each once")
        #expect(node.look.sockets.contains { $0.socket.tuple == late })
        #expect(node.look.namespaces.map(\.inode) == [1, 2])
        // The place's next socket has another inode.
        var next = told
        next.sockets = [told.sockets[0]]
        next.sockets[0].socket.inode = 6
        next.sockets[0].socket.identity.cookie = 79
        node.look.sockets[0].socket.identity.cookie = 0
        node.look.add(next)
        #expect(node.look.sockets[0].socket.identity.cookie == 0)
    }

    @Test(arguments: [
        (SocketIdentity(address: 1, cookie: 2), SocketIdentity(address: 1, cookie: 2), true),
        (SocketIdentity(address: 1, cookie: 2), SocketIdentity(address: 1), true),
        (SocketIdentity(address: 0, cookie: 2), SocketIdentity(address: 1, cookie: 2), true),
        (SocketIdentity(address: 1, cookie: 2), SocketIdentity(address: 1, cookie: 3), false),
        (SocketIdentity(address: 1, cookie: 2), SocketIdentity(address: 3, cookie: 2), false),
        (SocketIdentity(address: 0, cookie: 2), SocketIdentity(address: 1), false),
    ])
    func whatIsNotKnownDoesNotSpeakAgainstASocket(_ one: SocketIdentity, _ other: SocketIdentity, _ may: Bool) {
        #expect(one.mayBe(other) == may)
        #expect(other.mayBe(one) == may)
    }

    /// The control cases, each of them one step from unseen.
    @Test func whatIsNotCalledUnseen() {
        var control = self
        control.file(Self.dead)
        control.list(Self.dead)
        #expect(control.last?.state == .live)

        control = self
        control.file(Self.dead, isStable: false)
        #expect(control.last?.state == .unknown, "it came or went while the tables were read")

        control = self
        control.file(Self.dead)
        control.look.namespaces.append(NetworkNamespace(inode: 2, name: "x", process: nil, wasRead: false))
        #expect(control.last?.state == .unknown, "one namespace was not read")

        control = self
        control.file(Self.dead)
        control.look.missingEvidence.append(MissingEvidence(.namespaces, action: "find every one", .needs("time")))
        #expect(control.last?.state == .unknown)

        control = self
        control.file(Self.dead)
        control.look.namespaces = []
        #expect(control.last?.state == .unknown)

        control = self
        control.file(Self.dead)
        control.list(Self.dead.reversed, netns: 2)
        #expect(control.last?.state == .unknown, "its far end is here: the key may be the wrong way round for us")

        control = self
        control.file(Self.dead)
        control.list(Self.dead, state: .synReceived, inode: 0)
        #expect(control.last?.state == .live, "the handshake is under way")
    }

    /// Only CLOSE leaves a TIME_WAIT behind.
    @Test func timeWaitIsNoSocket() {
        var node = self
        node.file(Self.dead)
        node.list(Self.dead, state: .timeWait, inode: 0)
        #expect(node.last?.state == .unseen)
    }

    @Test func waitsForAccept() {
        var node = self
        node.file(Self.dead)
        node.list(Self.dead, inode: 0)
        #expect(node.last?.state == .queued)
    }

    @Test func twoNamespacesWithOneTuple() {
        var node = self
        node.file(Self.dead)
        node.list(Self.dead, netns: 7)
        node.list(Self.dead, netns: 8)
        #expect(node.last?.state == .live)
        #expect(node.last?.sockets.map { node.look.sockets[$0].socket.netns } == [7, 8])
    }

    /// Values of eight bytes tell the socket's cookie: then nothing else is believed.
    @Test func cookies() {
        var node = self
        node.map.walk?.entries = []
        for (index, tuple) in Self.live.enumerated() { node.file(tuple, cookie: 1000 + UInt64(index)) }
        node.file(Self.dead, cookie: 77)
        node.list(Self.dead, cookie: 78)
        #expect(node.last?.state == .unseen, "a live connection has the tuple, and is kept out")
        #expect(node.last?.sockets.count == 1)
        node.list(Self.tuple("192.0.2.10:1", "203.0.113.10:2"), cookie: 77)
        #expect(node.last?.state == .crossWired)
        node.look.sockets.removeLast()
        node.list(Self.dead, cookie: 77)
        #expect(node.last?.state == .live)
        node.look.sockets.removeLast()
        node.list(Self.tuple("203.0.113.10:8080", "0.0.0.0:0"), state: .listen, cookie: 77)
        #expect(node.last?.state == .listener)
    }

    /// A wrong layout names nobody; a map of which nobody is named is not decodable, and nothing in it is unseen.
    @Test func withoutEvidenceNothingIsDecoded() {
        var node = self
        node.map.walk?.entries = []
        for port in 1...20 { node.file(Self.tuple("203.0.113.10:8080", "192.0.2.10:\(port)")) }
        #expect(node.decision.layout == nil)
        #expect(node.last?.state == .undecodable)
        // Three of 23 are fewer than half, and few.
        for tuple in Self.live.prefix(3) { node.file(tuple) }
        #expect(node.decision.layout == nil)
        #expect(node.decision.evidence == "as cilium, 3 of 23 keys name a live socket of the node: too few")
        node.file(Self.live[3])
        #expect(node.decision.layout == .cilium)
    }

    @Test func aKeyThatDoesNotFitDecidesAgainstALayout() {
        var node = self
        node.map.walk?.entries.append(WalkedEntry(key: SockmapKey(Array(repeating: 0xFF, count: 44)), isStable: true))
        #expect(node.decision.layout == nil)
    }

    /// The names of a cookie layout's keys are the cookies themselves.
    @Test func keysThatAreCookies() {
        var node = self
        node.map.keySize = 8
        node.map.walk?.entries = [1000, 1001, 1002, 55].map { (cookie: UInt64) in
            WalkedEntry(
                key: SockmapKey((0..<8).map { UInt8(truncatingIfNeeded: cookie >> (8 * $0)) }), isStable: true)
        }
        #expect(node.decision.layout == .beylaCookie)
        #expect(node.last?.state == .unseen)
        node.list(Self.dead, cookie: 55)
        #expect(node.last?.state == .live)
        #expect(node.last?.claim == Self.dead)
    }

    @Test func survivesABundle() throws {
        var node = self
        node.file(Self.dead, cookie: 9)
        #expect(node.map.walk?.entries.last?.socket == SocketIdentity(address: 0, cookie: 9))
        node.map.walk?.keepStable { $0.cookie == nil }
        #expect(node.map.walk?.entries.map(\.isStable) == [true, true, true, true, false])
    }
}
