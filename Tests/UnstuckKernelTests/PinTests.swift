import Glibc
import Testing
import UnstuckKernel

@Suite("Refusals of libbpf")
struct PinTests {
    /// libbpf returns -errno, not -1.
    @Test func aPinThatIsNotThere() {
        #expect {
            if try BPFTable.openSockmap(pin: "/sys/fs/bpf/unstuck-no-such-pin") != nil {}
        } throws: { error in
            (error as? SystemError)?.errno == ENOENT
        }
    }
}
