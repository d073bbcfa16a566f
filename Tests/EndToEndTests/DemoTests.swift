import TestSupport
import Testing

/// The stories that people are shown are true: each step's exit status is checked by the script itself.
@Suite("Demo", .serialized, .requires(.emulator))
struct DemoTests {
    @Test func theIncidentInsideTheKernelThatHasIt() throws {
        let run = try demo("5.10.218")
        #expect(run.status == 0, "\(run.text.suffix(4000))\(run.errors.suffix(4000))")
        for part in [
            "73 health checks of shop/web-0 were never accepted, then its server crashed: 73 entries leaked",
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            "75 stale entries in sockmap", "13 stale entries in sockmap", "✓ deleted 88 of 88 stale entries",
            "✓ reset 192.0.2.10:50504", "✓ no fault found: 100 connections of sockmap",
        ] {
            #expect(run.text.contains(part))
        }
    }

    private func demo(_ kernel: String) throws -> Programs.Output {
        try Programs.run("scripts/demo.sh", [kernel], environment: ["UNSTUCK_BIN_DIR": Programs.folder])
    }
}
