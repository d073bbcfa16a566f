import Testing
import UnstuckDiagnosis
import UnstuckModel

@Suite("A full map")
struct FullTests {
    private func node(room: Int) -> NodeFixture {
        var node = NodeFixture()
        node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
        node.healthy("192.0.2.10:40001", "203.0.113.7:8080")
        node.snapshot.sockmaps[0].maxEntries = room
        return node
    }

    @Test func everyPlaceIsTaken() throws {
        let finding = try #require(diagnose([node(room: 4).snapshot]).findings.first)
        #expect(finding.code == .full)
        #expect(finding.subject.map == NodeFixture.map)
        #expect(!finding.isRepairable)
    }

    @Test func onePlaceIsLeft() { #expect(diagnose([node(room: 5).snapshot]).findings.isEmpty) }

    @Test func deadEntriesCanGo() throws {
        let looks = [100.0, 103.0].map { time in
            var node = node(room: 5)
            node.zombie("203.0.113.7:8080", "192.0.2.10:50504")
            node.snapshot.monotonic = time
            return node.snapshot
        }
        #expect(try #require(diagnose(looks).findings.first { $0.code == .full }).isRepairable)
        // Seen dead once, it is not in a plan yet.
        #expect(try #require(diagnose([looks[0]]).findings.first { $0.code == .full }).isRepairable == false)
    }

    /// An array is full when its owner has filled it.
    @Test func anArrayMayBeFull() {
        var node = node(room: 4)
        node.snapshot.sockmaps[0].kind = .sockmap
        #expect(!diagnose([node.snapshot]).findings.contains { $0.code == .full })
    }
}
