import Foundation
import Testing
import UnstuckModel

@Suite("Coverage")
struct CoverageTests {
    private static let missing = MissingEvidence(unreadSocketsOf: 7, .needs("CAP_SYS_ADMIN"))

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
        let all = MissingEvidence(.counters, action: "read counters", .needs("/proc"))
        coverage.missing = [all]
        #expect(coverage.answer(.counters, of: 1) == .partly([all]))
        #expect(coverage.answer(.counters, of: 2) == .notRead([all]))
        coverage.noteRead(.counters, at: 3)
        coverage.missing = []
        #expect(coverage.answer(.counters, of: 2) == .read)
    }

    /// What is missing and what went wrong are two things, also after a round trip; a sentence never says that it needs an error.
    @Test func aReasonIsANeedOrAFailure() throws {
        var coverage = Coverage()
        let gaps = [
            MissingEvidence(.sockmaps, action: "read sockmap 7", .failed("sockmap 7 has 512-byte keys")),
            MissingEvidence(.sockets, action: "read TCP sockets", .needs("CAP_BPF")),
        ]
        coverage.missing = gaps
        #expect(
            gaps.map { "\($0)" } == [
                "could not read sockmap 7: sockmap 7 has 512-byte keys", "could not read TCP sockets: needs CAP_BPF",
            ])
        let read = try JSONDecoder().decode(Coverage.self, from: JSONEncoder().encode(coverage))
        #expect(read.missing == gaps)
        #expect(read.lines.compactMap(\.reason) == ["sockmap 7 has 512-byte keys"])
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
        let other = MissingEvidence(unreadSocketsOf: 9, .needs("tcp_diag"))
        let some = MissingEvidence(
            .sockets, of: 8, action: "read 2 TCP sockets of network namespace 8", .needs("a way"))
        coverage.missing = [Self.missing, other, MissingEvidence(unreadSocketsOf: 8, .needs("CAP_SYS_ADMIN")), some]
        #expect(coverage.missing.count == 4)
        #expect(
            coverage.reasons == [
                MissingEvidence(.sockets, action: "read the sockets of 2 network namespaces", .needs("CAP_SYS_ADMIN")),
                other,
                some,
            ])
        #expect(coverage.unreadNamespaces(.sockets) == [7, 8, 9])
    }
}
