import Foundation
import Testing

@testable import UnstuckKernel

/// Names in /proc/kallsyms, by files that look like it.
@Suite("Kernel symbols") struct KernelSymbolsTests {
    private func symbols(_ text: String, _ wanted: Set<String>) throws -> KernelSymbols {
        let path = "/tmp/unstuck-test-\(UUID().uuidString)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try KernelSymbols(looking: wanted, at: path)
    }

    @Test func wholeNamesAreFound() throws {
        let text = """
            ffffffff81f275d0 T tcp_close
            ffffffff81f275e0 t tcp_closed\t[some_module]
            ffffffffc0001000 t in_a_module\t[some_module]

            odd
            ffffffff81f275f0 T
              ffffffff81f27600 D  last_of_all
            """
        let wanted: Set = ["tcp_close", "tcp_clos", "in_a_module", "last_of_all", "some_module", "odd", "T"]
        let symbols = try symbols(text, wanted)
        #expect(symbols.found == ["tcp_close", "in_a_module", "last_of_all"])
        #expect(symbols.count == 4)
        #expect(!symbols.areAddressesHidden)
    }

    @Test func addressesOfZeroAreHidden() throws {
        let symbols = try symbols("0000000000000000 T tcp_close\n0000000000000000 T tcp_ack\n", ["tcp_ack"])
        #expect(symbols.found == ["tcp_ack"] && symbols.areAddressesHidden)
        #expect(throws: SystemError.self) { try self.symbols("\n", ["tcp_ack"]) }
    }
}
