import Testing
import UnstuckKernel
import UnstuckModel
import UnstuckOperations

@Suite("Bundle files")
struct BundleFileTests {
    private static func snapshot(_ monotonic: Double) -> Snapshot {
        Snapshot(takenAt: 1_000_000, monotonic: monotonic, host: "node-a", boot: "b", kernelRelease: "6.12")
    }

    private static func code(of bytes: [UInt8]) -> OperationError.Code? {
        do throws(OperationError) {
            _ = try BundleFile.snapshots(from: bytes, named: "file")
            return nil
        } catch {
            return error.code
        }
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let text = try BundleFile.text([Self.snapshot(100), Self.snapshot(103)])
        let read = try BundleFile.snapshots(from: Array(text.utf8), named: "file")
        #expect(read.map(\.monotonic) == [100, 103])
        #expect(read.map(\.host) == ["node-a", "node-a"])
    }

    @Test func everyRefusalHasItsCode() throws {
        var newer = Self.snapshot(100)
        newer.version = Snapshot.currentVersion + 1
        #expect(Self.code(of: Array(try BundleFile.text([newer]).utf8)) == .newerBundle)
        #expect(Self.code(of: Array(try BundleFile.text([Self.snapshot(-1)]).utf8)) == .flawedBundle)
        #expect(Self.code(of: Array(try BundleFile.text([]).utf8)) == .flawedBundle)
        #expect(Self.code(of: [0x1F, 0x8B, 8]) == .compressedFile)
        #expect(Self.code(of: Array("{}".utf8)) == .notABundle)
        #expect(Self.code(of: []) == .notABundle)
        #expect(Self.code(of: Array(try BundleFile.text([Self.snapshot(100)]).utf8)) == nil)
    }

    @Test func anAbsentFileIsNamedWithItsCause() {
        let error = #expect(throws: OperationError.self) { try BundleFile.read("/nonexistent/bundle.json") }
        #expect(error?.code == .unreadableFile)
        #expect(error?.message == "cannot read /nonexistent/bundle.json: No such file or directory")
        #expect((error?.cause as? SystemError)?.call == "open")
    }
}
