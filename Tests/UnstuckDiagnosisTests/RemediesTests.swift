import Testing
import UnstuckDiagnosis
import UnstuckModel

/// The ways out that a finding offers are those that fit this node.
@Suite("Remedies")
struct RemediesTests {
    /// A zombie of a pod, seen twice.
    private func zombie(_ change: (inout NodeFixture) -> Void) throws -> [Remedy] {
        let looks = [100.0, 103.0].map { time in
            var node = NodeFixture(at: time)
            node.healthy("192.0.2.10:40000", "203.0.113.7:8080")
            node.healthy("192.0.2.10:40001", "203.0.113.7:8080")
            node.zombie("203.0.113.7:8080", "192.0.2.10:50504")
            change(&node)
            return node.snapshot
        }
        let finding = try #require(diagnose(looks).findings.first)
        #expect(finding.code == .zombie)
        return finding.remedies
    }

    @Test func eachNamesItsPriceAndItsLines() throws {
        let remedies = try zombie { node in
            node.snapshot.programs.append(
                BPFProgram(id: 8, name: "file_socket", maps: [NodeFixture.map], type: "sock_ops"))
        }
        #expect(remedies.map(\.kind) == [.repair, .guard, .bypass, .update])
        #expect(
            remedies.flatMap(\.commands) == [
                "unstuck repair --apply --map 35", "unstuck guard up --map 35", "unstuck bypass on --map 35 --for 10m",
            ])
        #expect(remedies.allSatisfy { !$0.effect.isEmpty && ($0.kind == .update || !$0.tradeOff.isEmpty) })
    }

    /// There is nothing to stand in for.
    @Test func noBypassWhereNobodyFiles() throws {
        #expect(try zombie { _ in }.map(\.kind) == [.repair, .guard, .update])
    }
}
