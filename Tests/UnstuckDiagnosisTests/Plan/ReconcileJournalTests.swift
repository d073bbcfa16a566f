import Testing
import UnstuckDiagnosis
import UnstuckModel

@Suite("What became of a killed run's steps")
struct ReconcileJournalTests {
    static let claim = FourTuple(
        local: NodeFixture.endpoint("203.0.113.7:8080"), remote: NodeFixture.endpoint("192.0.2.10:50504"))
    static let key = SockmapKey(KeyLayout.cilium.encode(claim) ?? [])

    func line(
        _ event: JournalLine.Event, _ step: JournalLine.Step = .delete, run: String = "1-1",
        _ change: (inout JournalLine) -> Void = { _ in }
    ) -> JournalLine {
        var line = JournalLine(time: 1, run: run, event: event, step: step)
        switch step {
        case .delete:
            line.map = NodeFixture.map
            line.key = Self.key
            line.claim = Self.claim
        case .reset: line.claim = Self.claim.reversed
        case .run: line.boot = "b1"
        }
        change(&line)
        return line
    }

    func open(_ lines: [JournalLine]) -> [UnfinishedSteps.Step] {
        var steps = UnfinishedSteps()
        for line in lines { steps.add(line) }
        #expect(steps.isEmpty == steps.steps.isEmpty)
        return steps.steps
    }

    func verdicts(
        _ lines: [JournalLine], _ node: NodeFixture, lookedAt: Set<UInt32> = []
    ) throws -> [ResumedStep.Verdict] {
        reconcileJournal(
            open([line(.begin, .run)] + lines), try #require(NodeView([node.snapshot])), lookedAt: lookedAt
        )
        .map(\.verdict)
    }

    @Test func aResultOrAResumeClosesAStep() {
        let other = line(.intend) { $0.key = SockmapKey([1]) }
        #expect(open([line(.begin, .run), line(.intend), other, line(.result)]).map(\.line.key) == [SockmapKey([1])])
        #expect(open([line(.begin, .run), line(.intend), line(.result, run: "2-2")]).count == 1)
        let resume = line(.resume, run: "2-2") { $0.of = "1-1" }
        #expect(open([line(.begin, .run), line(.intend), resume]).isEmpty)
        // The same entry, meant by the next run.
        #expect(open([line(.intend), resume, line(.intend, run: "2-2")]).map(\.line.run) == ["2-2"])
        // A reset's two ends may be in several resets' way: its connection names it.
        let resets = [line(.intend, .reset), line(.intend, .reset) { $0.claim = Self.claim }]
        #expect(open(resets + [line(.result, .reset)]).map(\.line.claim) == [Self.claim])
    }

    @Test func keepsTheOrder() {
        let keys = (0..<50).map { SockmapKey([UInt8($0)]) }
        #expect(open(keys.map { key in line(.intend) { $0.key = key } }).map(\.line.key) == keys)
    }

    @Test func anEntryThatIsGoneIsDone() throws {
        var node = NodeFixture()
        node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
        #expect(try verdicts([line(.intend)], node) == [.done])
        // Its map too.
        #expect(try verdicts([line(.intend) { $0.map = 99 }], node) == [.done])
    }

    @Test func theSameDeadSocketIsStillToDo() throws {
        var node = NodeFixture()
        node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
        let dead = node.zombie("203.0.113.7:8080", "192.0.2.10:50504")
        #expect(try verdicts([line(.intend) { $0.cookie = dead.identity.cookie }], node) == [.undone])
        #expect(try verdicts([line(.intend) { $0.cookie = dead.identity.cookie + 1 }], node) == [.changed])
        // 5.10: no cookie, but an inode; or neither.
        for index in node.snapshot.sockmaps[0].entries.indices {
            node.snapshot.sockmaps[0].entries[index].socket.identity.cookie = 0
        }
        #expect(try verdicts([line(.intend) { ($0.cookie, $0.inode) = (0, dead.inode) }], node) == [.undone])
        #expect(try verdicts([line(.intend) { ($0.cookie, $0.inode) = (0, dead.inode + 1) }], node) == [.changed])
        #expect(try verdicts([line(.intend)], node) == [.undone])
    }

    @Test func aSocketThatLivesIsNotOurs() throws {
        var node = NodeFixture()
        let (_, server) = node.healthy("192.0.2.10:50504", "203.0.113.7:8080")
        #expect(try verdicts([line(.intend) { $0.cookie = server.identity.cookie }], node) == [.changed])
        #expect(try verdicts([line(.intend) { $0.cookie = 4711 }], node) == [.changed])
    }

    @Test func whatWasNotLookedAtIsNotGone() throws {
        var node = NodeFixture()
        #expect(try verdicts([line(.intend)], node, lookedAt: [7]) == [.unknown])
        #expect(try verdicts([line(.intend)], node, lookedAt: [NodeFixture.map]) == [.done])
        node.snapshot.missingEvidence = [MissingEvidence(.sockmaps, action: "read sockmap 35", .needs("CAP_BPF"))]
        #expect(try verdicts([line(.intend)], node) == [.unknown])
        #expect(try verdicts([line(.intend) { $0.key = nil }], node) == [.unknown])
    }

    @Test func anotherBootIsNotCompared() throws {
        let view = try #require(NodeView([NodeFixture().snapshot]))
        for boot in ["b0", nil] {
            let begin = line(.begin, .run) { $0.boot = boot }
            #expect(reconcileJournal(open([begin, line(.intend)]), view).map(\.verdict) == [.otherBoot])
        }
    }

    @Test func aResetIsMatchedByItsConnection() throws {
        var node = NodeFixture()
        #expect(try verdicts([line(.intend, .reset)], node) == [.done])
        let (client, _) = node.halfAccelerated("192.0.2.10:50504", "203.0.113.7:8080")
        #expect(try verdicts([line(.intend, .reset) { $0.cookie = client.identity.cookie }], node) == [.undone])
        #expect(try verdicts([line(.intend, .reset) { $0.cookie = 4711 }], node) == [.changed])
        var blind = NodeFixture()
        blind.snapshot.missingEvidence = [MissingEvidence(.sockets, action: "read TCP sockets", .needs("CAP_BPF"))]
        #expect(try verdicts([line(.intend, .reset)], blind) == [.unknown])
    }
}
