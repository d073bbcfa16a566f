import Testing
import UnstuckDiagnosis
import UnstuckModel

/// The ways out that a finding offers are those that fit this node, with every flag that they take.
@Suite("Remedies")
struct RemediesTests {
    static let map = NodeFixture.map
    static let (client, server) = ("192.0.2.10:50504", "203.0.113.7:8080")

    /// Samples of a node with live connections, seen twice.
    private static func looks(_ change: (inout NodeFixture) -> Void) -> [Snapshot] {
        [100.0, 103.0].map { time in
            var node = NodeFixture(at: time)
            for port in 40_000..<40_004 { node.healthy("192.0.2.10:\(port)", server) }
            change(&node)
            return node.snapshot
        }
    }

    private static func accelerate(_ node: inout NodeFixture) {
        node.snapshot.programs.append(BPFProgram(id: 8, name: "file_socket", maps: [map], type: "sock_ops"))
    }

    private func offered(_ looks: [Snapshot], of code: Finding.Code = .zombie) throws -> [Remedy] {
        try #require(diagnose(looks).findings.first { $0.code == code }).remedies
    }

    private func lines(_ remedies: [Remedy], _ kind: Remedy.Kind) -> [String] {
        remedies.filter { $0.kind == kind }.flatMap(\.commands).map(\.text)
    }

    @Test func eachSaysWhatItDoesAndNeeds() throws {
        let remedies = try offered(
            Self.looks { node in
                Self.accelerate(&node)
                node.zombie(Self.server, Self.client)
            })
        #expect(remedies.map(\.kind) == [.repair, .guard, .bypass, .update])
        #expect(
            remedies.flatMap(\.commands).map(\.text) == [
                "unstuck repair --map 35 --apply", "unstuck guard up --map 35", "unstuck bypass on --map 35 --for 10m",
            ])
        #expect(remedies.map(\.outcome) == [.clears, .clears, .prevents, .nothing])
        #expect(remedies.allSatisfy { !$0.effect.isEmpty && ($0.kind == .update || !$0.tradeOff.isEmpty) })
        #expect(remedies[0].needs.contains("CAP_SYS_PTRACE"), "its holder's descriptor is held meanwhile")
    }

    /// There is nothing to replace; or it is attached nowhere.
    @Test func noBypassWhereNothingInserts() throws {
        #expect(
            try offered(Self.looks { $0.zombie(Self.server, Self.client) }).map(\.kind) == [.repair, .guard, .update])
        let detached = Self.looks { node in
            Self.accelerate(&node)
            node.snapshot.programs[1].attachments = []
            node.zombie(Self.server, Self.client)
        }
        #expect(try lines(offered(detached), .bypass) == [])
    }

    /// A zombie ends with its pod, a leak with its node. No test runs kubectl (docs/limitations.md).
    @Test func kubectlsCommands() throws {
        func looks(_ dead: (inout NodeFixture) -> Void) -> [Snapshot] {
            Self.looks { node in
                node.snapshot.host = "node-a"
                node.snapshot.cgroups = [Cgroup(id: 7, path: "/pod", podUID: "u1")]
                node.snapshot.pods = [Pod(uid: "u1", namespace: "shop", name: "web-0")]
                dead(&node)
                let last = node.snapshot.sockmaps[0].entries.count - 1
                node.snapshot.sockmaps[0].entries[last].socket.cgroup = 7
            }
        }
        func commands(_ looks: [Snapshot], _ code: Finding.Code) throws -> [[String]] {
            try offered(looks, of: code).filter { $0.kind == .drain }.flatMap(\.commands).map(\.argv)
        }
        let zombie = looks { $0.zombie(Self.server, Self.client) }
        #expect(try commands(zombie, .zombie) == [["kubectl", "-n", "shop", "delete", "pod", "web-0"]])
        let leaked = looks { node in
            let dead = node.socket(Self.server, "192.0.2.10:0", state: .close, netns: 2, hasSocket: false, isDead: true)
            node.file(
                dead, as: FourTuple(local: dead.tuple.local, remote: NodeFixture.endpoint("192.0.2.10:42000")))
        }
        #expect(
            try commands(leaked, .leaked) == [
                ["kubectl", "drain", "node-a", "--ignore-daemonsets", "--delete-emptydir-data"],
                ["kubectl", "uncordon", "node-a"],
            ])
        // Without pods it is no node of a cluster, for all that is seen.
        let alone = leaked.map { snapshot in
            var snapshot = snapshot
            snapshot.pods = []
            return snapshot
        }
        #expect(try commands(alone, .leaked) == [])
    }

    // MARK: What the plan asks for

    /// A remedy's own plan, made by the function that `repair` uses, contains every entry of the finding that it promises.
    private func expectPlanned(_ remedies: [Remedy], _ looks: [Snapshot]) throws {
        let view = try #require(NodeView(looks))
        for repair in remedies.compactMap(\.repair) {
            var options = PlanOptions()
            options.discardsUnread = repair.options.contains(.discardUnread)
            options.resetsStuck = repair.options.contains(.resetStuck)
            options.isForced = repair.options.contains(.force)
            options.deletesUnseen = repair.options.contains(.withoutIterator)
            options.acceptsInferred = repair.options.contains(.acceptInferred)
            options.limit = repair.limit ?? options.limit
            let plan = makePlan(view, diagnose(looks), options)
            #expect(plan.refusals == [])
            #expect(repair.entries.isSubset(of: plan.deletions.map(\.entry)))
            #expect(repair.resets.isSubset(of: plan.resets.map(\.connection)))
            #expect(!repair.entries.isEmpty)
        }
    }

    /// Bytes are not lost for the sake of the other entry: a remedy for each.
    @Test func unreadBytesTakeAFlagOfTheirOwn() throws {
        let looks = Self.looks { node in
            node.zombie(Self.server, Self.client, queued: 9)
            node.zombie(Self.server, "192.0.2.10:50505")
        }
        let remedies = try offered(looks)
        #expect(
            lines(remedies, .repair) == [
                "unstuck repair --map 35 --apply", "unstuck repair --map 35 --discard-unread --apply",
            ])
        #expect(remedies.filter { $0.kind == .repair }.map(\.outcome) == [.reduces, .clears])
        #expect(remedies.filter { $0.kind == .repair }.map { $0.repair?.entries.count } == [1, 2])
        #expect(remedies[1].tradeOff.contains("9 unread bytes"))
        #expect(remedies.first { $0.kind == .guard }?.outcome == .reduces, "preserve keeps what is unread")
        try expectPlanned(remedies, looks)
        let alone = Self.looks { $0.zombie(Self.server, Self.client, queued: 9) }
        #expect(try lines(offered(alone), .repair) == ["unstuck repair --map 35 --discard-unread --apply"])
    }

    @Test func moreThanHalfOfAMapTakesForce() throws {
        let looks = Self.looks { node in
            for port in 50_000..<50_020 { node.zombie(Self.server, "192.0.2.10:\(port)") }
        }
        let remedies = try offered(looks)
        #expect(lines(remedies, .repair) == ["unstuck repair --map 35 --force --apply"])
        try expectPlanned(remedies, looks)
    }

    @Test func anInferredLayoutIsAccepted() throws {
        let looks = [100.0, 103.0].map { time in
            // Twelve bytes: both ends' IPv4 addresses and ports, as no declared layout has them.
            var node = NodeFixture(at: time)
            node.snapshot.sockmaps[0].keySize = 12
            node.snapshot.sockmaps[0].name = "other"
            func key(_ socket: KernelSocket) -> SockmapKey {
                let (local, remote) = (socket.tuple.local, socket.tuple.remote)
                func bytes(_ endpoint: Endpoint) -> [UInt8] {
                    Array(endpoint.address.bytes.suffix(4)) + [UInt8(endpoint.port >> 8), UInt8(endpoint.port & 0xFF)]
                }
                return SockmapKey(bytes(local) + bytes(remote))
            }
            func insert(_ socket: KernelSocket) {
                node.snapshot.sockmaps[0].entries.append(
                    SockmapEntry(key: key(socket), socket: socket, isStable: true))
            }
            for number in 0..<12 {
                let one = node.socket("192.0.2.\(10 + number):\(40_000 + number * 7)", Self.server)
                let other = node.socket(Self.server, "192.0.2.\(10 + number):\(40_000 + number * 7)", netns: 2)
                for end in [one, other] {
                    node.list(end)
                    insert(end)
                }
            }
            let dead = node.socket(Self.server, Self.client, state: .close, netns: 2)
            insert(dead)
            node.snapshot.owners.append(
                SocketOwner(pid: 2210, command: "web", descriptor: 17, inode: dead.inode, startTime: 5))
            return node.snapshot
        }
        let remedies = try offered(looks)
        #expect(lines(remedies, .repair) == ["unstuck repair --map 35 --accept-inferred --apply"])
        try expectPlanned(remedies, looks)
    }

    /// A connection that has lost bytes is reset; one at risk is not.
    @Test func resetsOnlyWhatLostBytes() throws {
        let stuck = Self.looks { node in
            node.zombie(Self.server, Self.client, queued: 18)
            node.halfAccelerated(Self.client, Self.server)
        }
        #expect(
            try lines(offered(stuck, of: .misdirected), .repair) == ["unstuck repair --map 35 --reset-stuck --apply"])
        #expect(try lines(offered(stuck, of: .zombie), .repair) == ["unstuck repair --map 35 --apply"])
        try expectPlanned(offered(stuck, of: .misdirected), stuck)
        let atRisk = Self.looks { node in
            node.zombie(Self.server, Self.client)
            node.halfAccelerated(Self.client, Self.server)
        }
        #expect(try lines(offered(atRisk, of: .misdirected), .repair) == ["unstuck repair --map 35 --apply"])
    }

    /// No plan contains it: no repair is offered, and the sentence says why.
    @Test func noRepairWithoutAPlan() throws {
        let looks = Self.looks { node in
            node.zombie(Self.server, Self.client)
            node.snapshot.owners = []
        }
        let finding = try #require(diagnose(looks).findings.first { $0.code == .zombie })
        #expect(!finding.isRepairable && finding.remedies.allSatisfy { $0.kind != .repair })
        #expect(finding.remedy.hasPrefix("repair skips it: the process that holds the zombie was not found"))
        let view = try #require(NodeView(looks))
        let plan = PlanIndex(makePlan(view, diagnose(looks)))
        #expect(PlannedRepair(of: plan, maps: [Self.map], options: [], entries: finding.subject.entries) == nil)
    }

    /// A live socket is in the way: a guard or a repair would do nothing.
    @Test func aLiveWrongSocket() throws {
        let looks = Self.looks { node in
            node.halfAccelerated(Self.client, Self.server)
            // The same addresses in another pod, whose socket has the key.
            node.file(node.socket(Self.server, Self.client, netns: 9))
        }
        for code in [Finding.Code.misdirected, .disclosure] {
            let remedies = try offered(looks, of: code)
            #expect(remedies.allSatisfy { ![.repair, .guard, .update].contains($0.kind) }, "\(code): \(remedies)")
        }
    }

    /// A full map without stale entries has no room to make.
    @Test(arguments: [false, true]) func aFullMap(_ hasStale: Bool) throws {
        let looks = Self.looks { node in
            if hasStale { node.zombie(Self.server, Self.client) }
            node.snapshot.sockmaps[0].maxEntries = node.snapshot.sockmaps[0].entries.count
        }
        let remedies = try offered(looks, of: .full)
        #expect(lines(remedies, .repair) == (hasStale ? ["unstuck repair --map 35 --apply"] : []))
        #expect(lines(remedies, .guard).isEmpty == !hasStale)
        if hasStale {
            let stale = try #require(diagnose(looks).findings.first { $0.code == .zombie })
            #expect(stale.evidence.contains { $0.text.hasPrefix("no connection while the map is full") })
        }
    }

    /// No program redirects through it.
    @Test func aMapThatNobodyUses() throws {
        func risk(_ users: [UInt32]?) throws -> String {
            let looks = Self.looks { node in
                Self.accelerate(&node)
                node.snapshot.programs[0].type = "sk_msg"
                node.snapshot.sockmaps[0].users = users
                node.zombie(Self.server, Self.client)
            }
            let finding = try #require(diagnose(looks).findings.first { $0.code == .zombie })
            return try #require(finding.evidence.first { $0.label == "at risk" }).text
        }
        #expect(try risk([8]).hasPrefix("no connection now: no program redirects through this map"))
        #expect(try risk([7, 8]).hasPrefix("each new connection"))
        #expect(try risk(nil).hasPrefix("each new connection"), "nobody asked")
    }

    // MARK: What is on already

    @Test func whatIsOnIsSaidAndNotOffered() throws {
        var state = GuardState(map: Self.map, mapName: "cilium_sock_ops", mode: .preserve, isPinned: true, since: 0)
        state.paths = [.socketOperations]
        state.condition = .working
        var bypass = BypassState(map: Self.map, mapName: "cilium_sock_ops", since: 0, places: [])
        bypass.until = 1_000_403
        let protection = MapProtection(guards: [.init(state)], bypasses: [.init(bypass)], unseen: [])
        let looks = Self.looks { node in
            Self.accelerate(&node)
            node.snapshot.protection = protection
            node.zombie(Self.server, Self.client)
        }
        let finding = try #require(diagnose(looks).findings.first { $0.code == .zombie })
        #expect(finding.remedies.map(\.kind) == [.repair, .update])
        let facts = finding.evidence.filter { ["guard", "bypass"].contains($0.label) }.map(\.text)
        #expect(
            facts == [
                "sockmap 35 is guarded (mode preserve, pinned); it keeps entries with unread bytes, and does not try again",
                "sockmap 35 is bypassed, for another 5 min: new connections are plain TCP",
            ])
    }

    /// As diagnose was given it.
    @Test func theRootIsRepeated() throws {
        let looks = Self.looks { node in
            Self.accelerate(&node)
            node.snapshot.root = "/host root"
            node.zombie(Self.server, Self.client)
        }
        let remedies = try offered(looks)
        #expect(lines(remedies, .repair) == ["unstuck repair --root '/host root' --map 35 --apply"])
        #expect(
            remedies[0].commands[0].argv == ["unstuck", "repair", "--root", "/host root", "--map", "35", "--apply"])
        #expect(lines(remedies, .bypass) == ["unstuck bypass on --map 35 --for 10m --root '/host root'"])
    }

    /// More entries than a run deletes without being asked.
    @Test func aHighLimit() throws {
        let looks = Self.looks { node in
            for number in 0..<10_001 { node.zombie(Self.server, "198.51.\(number >> 8 & 0xFF).\(number & 0xFF):50000") }
        }
        #expect(
            try lines(offered(looks), .repair) == ["unstuck repair --map 35 --force --limit 10001 --apply"])
    }
}
