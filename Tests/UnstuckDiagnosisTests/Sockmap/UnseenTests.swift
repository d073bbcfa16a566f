import Testing
import UnstuckDiagnosis
import UnstuckModel

@Suite("sockmap.unseen")
struct UnseenTests {
    /// A look at a walked map: four live connections, and a key that no socket has.
    static func look(at time: Double, isComplete: Bool = true, hasDead: Bool = true, claimed: Bool = false) -> Snapshot
    {
        var node = NodeFixture(at: time)
        node.snapshot.namespaces = [NetworkNamespace(inode: 1, name: nil, process: 1, wasRead: isComplete)]
        var walk = SockmapWalk(isComplete: true)
        func file(_ tuple: FourTuple) {
            walk.entries.append(WalkedEntry(key: SockmapKey(KeyLayout.cilium.encode(tuple) ?? []), isStable: true))
        }
        for port in 1...4 {
            let socket = node.socket("192.0.2.10:\(50_000 + port)", "203.0.113.10:8080", isMapped: false)
            node.list(socket)
            file(socket.tuple)
        }
        let dead = node.socket("203.0.113.10:8080", "192.0.2.10:50504", isMapped: false)
        if hasDead { file(dead.tuple) }
        if claimed { node.list(dead) }
        node.snapshot.sockmaps[0].walk = walk
        return node.snapshot
    }

    @Test func takesTwoLooks() throws {
        let once = diagnose([Self.look(at: 100)])
        #expect(once.findings.isEmpty)
        #expect(once.suspects.count == 1)
        let twice = diagnose([Self.look(at: 100), Self.look(at: 103)])
        #expect(twice.findings.map(\.code) == [.unseen])
        #expect(twice.findings.first?.severity == .warning)
        #expect(twice.suspects.isEmpty)
        #expect(twice.totals.entries == 5)
        // It does not pretend to know which kind of dead.
        #expect(twice.findings.first?.evidence.contains { $0.label == "unknown" } == true)
    }

    /// Nobody hangs under an accelerator that replaces what is there.
    @Test func saysWhatTheAcceleratorDoes() throws {
        var looks = [Self.look(at: 100), Self.look(at: 103)]
        for index in looks.indices {
            var walk = try #require(looks[index].sockmaps[0].walk)
            for position in walk.entries.indices {
                let claim = try #require(KeyLayout.cilium.decode(walk.entries[position].key))
                walk.entries[position].key = SockmapKey(try #require(KeyLayout.dae.encode(claim)))
            }
            looks[index].sockmaps[0].keySize = KeyLayout.dae.size
            looks[index].sockmaps[0].walk = walk
        }
        let finding = try #require(diagnose(looks).findings.first)
        let next = try #require(finding.evidence.first { $0.label == "at risk" })
        #expect(next.text.contains("no connection: dae replaces them"))
    }

    @Test(arguments: [
        [look(at: 100), look(at: 101)],  // too soon
        [look(at: 100, hasDead: false), look(at: 103)],
        [look(at: 100, isComplete: false), look(at: 103)],
        [look(at: 100), look(at: 103, isComplete: false)],
        [look(at: 100), look(at: 103, claimed: true)],
        [look(at: 97), look(at: 100, claimed: true), look(at: 103)],
        [look(at: 97), look(at: 100, isComplete: false), look(at: 103)],
    ])
    func healthyTwins(_ looks: [Snapshot]) {
        #expect(diagnose(looks).findings.isEmpty)
    }

    @Test func looksThatCouldNotTellSaySo() {
        let diagnosis = diagnose([Self.look(at: 100, isComplete: false)])
        #expect(diagnosis.unknown.contains { $0.contains("of 1 keys no socket was seen: inconclusive") })
    }

    @Test func isPlannedOnlyWhenAskedFor() throws {
        var looks = [Self.look(at: 100), Self.look(at: 103)]
        var options = PlanOptions()
        options.deletesUnseen = true
        let blind = try #require(NodeView(looks))
        let unproven = makePlan(blind, diagnose(blind), options)
        #expect(unproven.deletions.isEmpty, "a socket that was connected anew would look the same")
        #expect(unproven.undecided.map(\.reason).first?.contains("give no cookie") == true)
        let skipped = try #require(diagnose(blind).findings.first)
        #expect(!skipped.isRepairable && skipped.remedies.allSatisfy { $0.kind != .repair })
        #expect(
            skipped.remedy.hasPrefix("repair skips it: no socket was seen of it, but the map's values give no cookie"))

        for look in looks.indices {
            for map in looks[look].sockmaps.indices {
                for entry in (looks[look].sockmaps[map].walk?.entries ?? []).indices {
                    let key = looks[look].sockmaps[map].walk?.entries[entry].key
                    let claim = key.flatMap { KeyLayout.cilium.decode($0) }
                    let socket = looks[look].sockets.first { $0.socket.tuple == claim }
                    looks[look].sockmaps[map].walk?.entries[entry].cookie = socket?.socket.identity.cookie ?? 0xC00C1E
                }
            }
        }
        let view = try #require(NodeView(looks))
        let found = diagnose(view)
        options.deletesUnseen = false
        let careful = makePlan(view, found, options)
        #expect(careful.deletions.isEmpty)
        #expect(careful.undecided.map(\.reason).first?.contains("--without-iterator") == true)
        let offered = found.findings.flatMap(\.remedies).filter { $0.kind == .repair }
        #expect(offered.flatMap(\.commands).map(\.text) == ["unstuck repair --map 35 --without-iterator --apply"])
        options.deletesUnseen = true
        let bold = makePlan(view, found, options)
        #expect(bold.deletions.map(\.state) == [.unseen])
        #expect(bold.deletions.first?.claim.description == "203.0.113.10:8080 -> 192.0.2.10:50504")
        #expect(bold.cautions.contains { $0.contains("by key from user space") })
        #expect(bold.refusals.isEmpty)
        // Seen once, nothing is planned whatever is asked for.
        let early = try #require(NodeView([Self.look(at: 100)]))
        #expect(makePlan(early, diagnose(early), options).deletions.isEmpty)
    }
}
