import Glibc
import TestSupport
import Testing

/// What lab/kernels.toml says of the kernel that runs this is true, both ways; cookies are asserted by the observers'
/// tests, leaks and zombies by the fault table.
@Suite("What is declared of this kernel")
struct DeclaredTests {
    @Test func kprobes() throws {
        let isThere = unsafe access("/sys/kernel/tracing/kprobe_events", F_OK) == 0
        #expect(try isThere == KernelUnderTest.provides(.kprobes))
    }

    @Test func fentry() throws { #expect(try Fentry.loads(for: "tcp_close") == KernelUnderTest.provides(.fentry)) }
}
