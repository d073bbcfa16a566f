import Testing
import UnstuckDiagnosis
import UnstuckModel
import UnstuckRender

/// What was not read, or not collected, is said, and no clean bill is given for it.
@Suite("Coverage of a diagnosis")
struct CoverageRuleTests {
    private static func node(_ change: (inout Snapshot) -> Void) -> [Snapshot] {
        [100.0, 103].map { time in
            var node = NodeFixture(at: time)
            node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
            change(&node.snapshot)
            return node.snapshot
        }
    }

    private static func text(_ looks: [Snapshot]) -> String {
        DiagnosisText(style: .plain).render(diagnose(looks), looks: looks).replacing("\n  ", with: " ")
    }

    @Test func aWholeSampleIsClean() {
        let diagnosis = diagnose(Self.node { _ in })
        #expect(!diagnosis.isInconclusive && diagnosis.unknown.isEmpty)
        #expect(diagnosis.checked.unreadNamespaces == nil && diagnosis.checked.notCollected == nil)
    }

    @Test func whatWasNotCollectedIsNoCleanBill() {
        let looks = Self.node { $0.coverage = Coverage() }
        let diagnosis = diagnose(looks)
        #expect(diagnosis.isInconclusive)
        #expect(diagnosis.unknown == ["sockmaps were not collected", "sockets were not collected"])
        #expect(!Self.text(looks).contains("✓"))
    }

    @Test func unreadNamespacesAreInTheLastSentence() {
        let looks = Self.node { snapshot in
            snapshot.missingEvidence = [5, 6].map { MissingEvidence(unreadSocketsOf: $0, .needs("CAP_SYS_ADMIN")) }
        }
        let diagnosis = diagnose(looks)
        #expect(diagnosis.checked.unreadNamespaces == [5, 6])
        #expect(diagnosis.unknown == ["could not read the sockets of 2 network namespaces: needs CAP_SYS_ADMIN"])
        let text = Self.text(looks)
        #expect(text.contains("the sockets of 2 network namespaces could not be read"), "\(text)")
    }

    /// A stuck connection, in samples in which nobody asked who holds it and what that does.
    @Test func whatRulesWantedAndSamplesLackIsNamed() {
        let looks = [100.0, 103].map { time in
            var node = NodeFixture(at: time)
            let (_, server) = node.plain("192.0.2.10:40000", "203.0.113.7:8080")
            node.change(server) {
                $0.receiveNext = $0.receiveNext.map { $0 &+ 34 }
                $0.bytesReceived = 34
            }
            return node.snapshot
        }
        let diagnosis = diagnose(looks)
        #expect(diagnosis.hasFindings)
        #expect(diagnosis.checked.notCollected?.contains(.owners) == true)
        #expect(Self.text(looks).contains("not collected: owners"), "\(Self.text(looks))")
        var asked = looks
        for evidence in Evidence.known { asked[1].coverage.noteRead(evidence, at: 103) }
        #expect(diagnose(asked).checked.notCollected == nil)
    }
}

/// A bundle of `collect --map`.
@Suite("Samples of chosen maps")
struct ScopedSnapshotTests {
    /// Two maps, each with a stale entry that makes a connection hang, and a plain connection beside.
    private static func node() -> [Snapshot] {
        [100.0, 103].map { time in
            var node = NodeFixture(at: time)
            node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
            node.zombie("203.0.113.7:8080", "192.0.2.10:50504", queued: 18)
            node.halfAccelerated("192.0.2.10:50504", "203.0.113.7:8080")
            node.list(node.socket("203.0.113.7:8080", "0.0.0.0:0", state: .listen, netns: 2, isMapped: false))
            let (_, other) = node.plain("192.0.2.99:40001", "203.0.113.9:80")
            node.snapshot.owners.append(
                SocketOwner(pid: 9, command: "other", descriptor: 3, inode: other.inode, startTime: 1))
            node.snapshot.namespaces = [1, 2].map { NetworkNamespace(inode: $0, name: nil, process: 1, wasRead: true) }
            node.snapshot.selectedMaps = [NodeFixture.map]
            return node.snapshot
        }
    }

    @Test func onlyWhatBelongsToTheMap() {
        let whole = Self.node()
        let looks = scoped(whole)
        for look in looks {
            #expect(look.selectedMaps == [NodeFixture.map])
            let ports = look.sockets.map(\.socket.tuple.local.port)
            #expect(Set(ports) == [40_000, 50_504, 8080])
            #expect(look.sockets.contains { $0.socket.state == .listen })
            #expect(look.owners.map(\.command) == ["web"])
            #expect(look.sockmaps == whole[0].sockmaps || look.sockmaps == whole[1].sockmaps)
        }
        #expect(whole[0].sockets.count - looks[0].sockets.count == 2)
    }

    @Test func theVerdictIsTheSameAndSpeaksOfTheMapAlone() {
        let whole = Self.node()
        let (one, other) = (diagnose(whole), diagnose(scoped(whole)))
        #expect(one.findings.map(\.summary) == other.findings.map(\.summary))
        #expect(!one.findings.isEmpty && one.checked.connections == other.checked.connections)
        #expect(other.checked.maps == [NodeFixture.map])
        let looks = scoped(whole)
        let text = DiagnosisText(style: .plain).render(other, looks: looks)
        #expect(text.contains("of sockmap \(NodeFixture.map) checked"), "\(text)")
    }

    /// Of the namespace that could not be read it is still said.
    @Test func whatCouldNotBeReadStays() {
        var whole = Self.node()
        for index in whole.indices {
            whole[index].namespaces.append(NetworkNamespace(inode: 5, name: nil, process: 1, wasRead: false))
            whole[index].missingEvidence = [MissingEvidence(unreadSocketsOf: 5, .needs("CAP_SYS_ADMIN"))]
        }
        #expect(diagnose(scoped(whole)).isInconclusive)
        #expect(scoped(whole).allSatisfy { $0.namespaces.contains { $0.inode == 5 } })
    }

    @Test func samplesOfAllMapsStayAsTheyAre() {
        var whole = Self.node()
        for index in whole.indices { whole[index].selectedMaps = nil }
        #expect(scoped(whole).map(\.sockets) == whole.map(\.sockets))
    }
}
