import Synchronization
import UnstuckKernel

@testable import unstuck

/// A command that ran in this process, and what it printed.
struct CapturedCommand {
    let status: Int32
    let output: String
    let errors: String

    /// - Parameters:
    ///   - isTerminal: of all three streams.
    ///   - environment: all of it.
    init(_ arguments: [String], isTerminal: Bool = false, environment: [String: String] = [:]) throws {
        let (output, errors) = (Sink(), Sink())
        let context = CommandContext(
            writeBytes: { (bytes) throws(StandardOutput.Failure) in output.add(bytes) },
            writeError: { errors.add($0) },
            environment: { environment[$0] }, isOutputTerminal: isTerminal, isErrorTerminal: isTerminal,
            isInputTerminal: isTerminal, columns: isTerminal ? 80 : nil, sleep: { _ in })
        status = try Program.status(of: UnstuckCommand.self, arguments, context)
        (self.output, self.errors) = (output.text, errors.text)
    }

    private final class Sink: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func add(_ span: RawSpan) {
            let new = span.byteOffsets.map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
            bytes.withLock { $0 += new }
        }

        func add(_ text: String) { bytes.withLock { $0 += Array(text.utf8) } }

        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    }
}
