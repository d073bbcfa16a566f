import TestSupport
import Testing

/// The program that is copied to nodes starts on an old one: Debian 11's kernel, and Debian 11's libc 2.31 beside it.
@Suite("Older userlands", .requires(.emulator))
struct UserlandTests {
    @Test func diagnosesBesideLibc231() throws {
        let script = """
            /lib/x86_64-linux-gnu/libc.so.6 | head -1
            unstuck --version
            unstuck-lab up >&2 && unstuck-lab break leak --count 3 >&2 || exit 90
            export UNSTUCK_POD_LOGS=/run/unstuck-lab/lab/log/pods
            unstuck diagnose
            """
        let run = try Programs.run(
            Programs.lab, ["boot", "5.10.218", "--userland", "bullseye", "--", "bash", "-c", script])
        #expect(run.status == 1, "\(run.errors.suffix(4000))")
        #expect(run.text.hasPrefix("GNU C Library (Debian GLIBC 2.31"))
        #expect(run.text.contains("\nunstuck "))
        #expect(run.text.contains("3 stale entries in sockmap"))
    }
}
