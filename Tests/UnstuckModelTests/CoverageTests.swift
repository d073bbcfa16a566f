import Testing
import UnstuckModel

@Suite("Coverage")
struct CoverageTests {
    private static let missing = MissingEvidence(unreadSocketsOf: 7, missing: "CAP_SYS_ADMIN")

    @Test func nothingIsCollectedAtFirst() {
        let coverage = Coverage()
        for evidence in Evidence.known { #expect(coverage.answer(evidence) == .notCollected) }
        #expect(coverage.missing.isEmpty && !coverage.isWhole(.sockets))
        #expect(Set(coverage.lines.map(\.evidence)) == Set(Evidence.known))
    }

    @Test func byNamespace() {
        var coverage = Coverage()
        coverage.noteRead(.sockets, of: 1, at: 5)
        #expect(coverage.answer(.sockets, of: 1) == .read && coverage.isWhole(.sockets))
        #expect(coverage.answer(.sockets, of: 7) == .notCollected)
        coverage.missing.append(Self.missing)
        #expect(coverage.answer(.sockets, of: 1) == .read)
        #expect(coverage.answer(.sockets, of: 7) == .notRead([Self.missing]))
        #expect(coverage.answer(.sockets) == .partly([Self.missing]))
        #expect(!coverage.isWhole(.sockets))
        #expect(coverage.unreadNamespaces(.sockets) == [7])
    }

    /// What holds of the node holds of each namespace.
    @Test func ofTheNode() {
        var coverage = Coverage()
        coverage.noteRead(.counters, of: 1, at: nil)
        let all = MissingEvidence(.counters, action: "read counters", missing: "/proc")
        coverage.missing = [all]
        #expect(coverage.answer(.counters, of: 1) == .partly([all]))
        #expect(coverage.answer(.counters, of: 2) == .notRead([all]))
        coverage.noteRead(.counters, at: 3)
        coverage.missing = []
        #expect(coverage.answer(.counters, of: 2) == .read)
    }

    @Test func readAgainIsOneLine() {
        var coverage = Coverage()
        coverage.noteRead(.owners, at: 1)
        coverage.noteRead(.owners, at: 9)
        #expect(coverage.lines.filter { $0.evidence == .owners }.map(\.takenAt) == [9])
    }

    /// Namespaces that lack the same are one reason for people; each stays a line.
    @Test func reasonsAreGrouped() {
        var coverage = Coverage()
        let other = MissingEvidence(unreadSocketsOf: 9, missing: "tcp_diag")
        let some = MissingEvidence(
            .sockets, of: 8, action: "read 2 TCP sockets of network namespace 8", missing: "a way")
        coverage.missing = [Self.missing, other, MissingEvidence(unreadSocketsOf: 8, missing: "CAP_SYS_ADMIN"), some]
        #expect(coverage.missing.count == 4)
        #expect(
            coverage.reasons == [
                MissingEvidence(.sockets, action: "read the sockets of 2 network namespaces", missing: "CAP_SYS_ADMIN"),
                other,
                some,
            ])
        #expect(coverage.unreadNamespaces(.sockets) == [7, 8, 9])
    }
}
