import Foundation
import TestSupport
import Testing
import UnstuckModel

/// Two samples of a real stall: an application in OBI's `sock_dir` on 6.18.44 that never reads what came through the stack.
@Suite("A saved FIONREAD stall", .requires(.sources))
struct FionreadCaseTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Fixtures/fionread.json"
    ).path

    @Test func isSuspectedAndCritical() throws {
        let output = try CapturedCommand(["diagnose", "--from", Self.file, "--output", "json"])
        #expect(output.status == 1, "\(output.errors)")
        struct Document: Decodable { var data: Diagnosis }
        let diagnosis = try JSONDecoder().decode(Document.self, from: Data(output.output.utf8)).data
        #expect(diagnosis.findings.map(\.code) == [.fionread])
        let finding = try #require(diagnosis.findings.first)
        #expect(finding.severity == .critical && finding.certainty == .suspected)
        let row = try #require(finding.connections?.first)
        #expect("\(row.tuple)" == "127.0.0.1:51980 -> 127.0.0.1:3000")
        #expect(row.bytes == 119_808 && row.place == .init(side: .client, queue: .receive))
        #expect(row.ends.map(\.unacknowledgedBytes) == [0, 172_043] && row.ends.map(\.backoff) == [0, 5])
        #expect(finding.subject.entries.map(\.map) == [772])
    }

    @Test func saysWhyAndWhatIsNotExcluded() throws {
        let text = try CapturedCommand(["diagnose", "--from", Self.file]).output
        for words in [
            "suspected FIONREAD stall", "sockmap.fionread", "119808 bytes received, not read", "\"sock_dir\"",
            "tcp_bpf_ioctl",
            "likely affected", "172043 bytes wait", "a slow reader is not excluded by this alone", "no verdict program",
        ] {
            #expect(text.contains(words), "\(words): \(text)")
        }
        #expect(!text.contains("no fault found:"))
    }
}
