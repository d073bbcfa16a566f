import Testing
import UnstuckDiagnosis
import UnstuckModel

/// Who may have been stored under a key just when it was deleted, whatever the key names.
@Suite("ReusedKeys to a deleted key")
struct ReusedKeyTests {
    private static let map: UInt32 = 77

    /// Looks before and after a deletion.
    private struct Scenario {
        let layout: KeyLayout
        var before = NodeFixture()
        var deletion: Plan.Deletion

        /// - Parameter dead: its two ends, as its socket saw them; only its entry is in the map.
        init(_ layout: KeyLayout, dead: (local: String, remote: String)) throws {
            self.layout = layout
            before.addMap(ReusedKeyTests.map, keySize: layout.size)
            let socket = before.socket(dead.local, dead.remote, state: .close)
            let claim = try #require(layout.claims(naming: socket.tuple).first)
            let key = SockmapKey(try #require(layout.encode(claim)))
            before.snapshot.sockmaps[1].entries.append(SockmapEntry(key: key, socket: socket))
            deletion = Plan.Deletion(
                entry: EntryReference(map: ReusedKeyTests.map, key: key, socket: socket.identity), mapName: "m",
                state: .zombie, claim: claim, pod: nil, holder: nil, unreadBytes: 0, allowUnread: false, claimant: nil,
                reason: "test")
        }

        /// The map is empty afterwards, unless `change` puts someone there.
        func hit(_ change: (inout NodeFixture) throws -> Void) throws -> [Int] {
            var after = before
            after.snapshot.sockmaps[1].entries = []
            try change(&after)
            let read = { (map: Sockmap) in LayoutDecision(for: map, among: [layout]) }
            return ReusedKeys(to: [deletion], try #require(NodeView([before.snapshot], layout: read)))
                .hit(by: [deletion], try #require(NodeView([after.snapshot], layout: read)))
        }

        func file(_ socket: KernelSocket, in node: inout NodeFixture) throws {
            let claim = try #require(layout.claims(naming: socket.tuple).first)
            node.snapshot.sockmaps[1].entries.append(
                SockmapEntry(key: SockmapKey(try #require(layout.encode(claim))), socket: socket))
        }
    }

    /// An emptied map does not show its layout any more, and its keys name what they named.
    @Test(arguments: [
        (KeyLayout.cilium, "203.0.113.7:8080", "192.0.2.10:50504"),
        (.cilium, "[2001:db8::7]:8080", "[2001:db8::10]:50504"),
        (.kmesh, "203.0.113.7:8080", "192.0.2.10:50504"),
        // Less than a tuple, and one address for all of IPv6.
        (.calico, "203.0.113.7:8080", "192.0.2.10:50504"),
        (.istioBypass, "[2001:db8::7]:8080", "[2001:db8::10]:50504"),
    ])
    func aReusedKeyThatIsNotInsertedIsReported(_ layout: KeyLayout, _ local: String, _ remote: String) throws {
        var scenario = try Scenario(layout, dead: (local, remote))
        #expect(try scenario.hit { _ in }.isEmpty, "nobody came")
        #expect(try scenario.hit { $0.list($0.socket(local, "192.0.2.99:1")) } == (layout == .calico ? [0] : []))
        #expect(try scenario.hit { $0.list($0.socket(local, remote)) } == [0])
        #expect(
            try scenario.hit { node in
                let newSocket = node.socket(local, remote)
                node.list(newSocket)
                try scenario.file(newSocket, in: &node)
            }.isEmpty, "it is in the map")
        // One that was outside before is no new socket: the stale entry kept it out.
        let old = scenario.before.socket(local, remote)
        scenario.before.list(old)
        #expect(try scenario.hit { _ in }.isEmpty)
        #expect(try scenario.hit { $0.list($0.socket(local, remote, netns: 3)) } == [0])
    }

    /// Every connection of a server shares its key: the one that sits there now is who the key is for.
    @Test func aKeyOfManyConnectionsIsForWhoSitsThere() throws {
        let scenario = try Scenario(.calico, dead: ("203.0.113.7:8080", "192.0.2.10:50504"))
        let hit = try scenario.hit { node in
            for port in [50505, 50506] {
                let newSocket = node.socket("203.0.113.7:8080", "192.0.2.10:\(port)")
                node.list(newSocket)
                if port == 50506 { try scenario.file(newSocket, in: &node) }
            }
        }
        #expect(hit.isEmpty)
    }

    /// A way of looking that tells no cookie, or no address, makes nobody a stranger.
    @Test(arguments: [(true, false), (false, true)])
    func whoIsInTheMapIsNotReported(_ losesCookie: Bool, _ losesAddress: Bool) throws {
        let scenario = try Scenario(.cilium, dead: ("203.0.113.7:8080", "192.0.2.10:50504"))
        let hit = try scenario.hit { node in
            var newSocket = node.socket("203.0.113.7:8080", "192.0.2.10:50504")
            try scenario.file(newSocket, in: &node)
            if losesCookie { newSocket.identity.cookie = 0 }
            if losesAddress { newSocket.identity.address = 0 }
            node.list(newSocket)
        }
        #expect(hit.isEmpty)
    }
}
