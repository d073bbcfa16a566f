import Glibc

/// Reads an iterator's binary output: whole records, in pieces, without keeping more than one piece.
public enum IteratorReader {
    /// The kernel hands out at most 32 KiB a read, and EAGAIN after a million objects without output
    /// (`bpf_seq_read`, kernel/bpf/bpf_iter.c).
    private static let pieceSize = 256 * 1024
    /// Reads in a row without output: ten thousand million objects, which no machine has.
    private static let mostSilences = 10_000

    /// Calls `body` with pieces that hold a whole number of records of `stride` bytes each.
    ///
    /// - Throws: `SystemError` if a read fails or the output ends inside a record.
    public static func read(
        _ iterator: borrowing OwnedDescriptor, stride: Int, of object: String, _ body: (RawSpan) throws -> Void
    ) throws {
        let descriptor = iterator.raw
        var buffer = [UInt8](repeating: 0, count: max(pieceSize, stride * 2))
        var filled = 0
        var silences = 0
        while true {
            let count: Int
            do {
                count = try syscall("read", on: object) {
                    unsafe buffer.withUnsafeMutableBytes { raw in
                        guard let start = raw.baseAddress else { return -1 }
                        return unsafe Glibc.read(descriptor, start + filled, raw.count - filled)
                    }
                }
            } catch {
                silences += 1
                guard error.errno == EAGAIN, silences < mostSilences else { throw error }
                continue
            }
            silences = 0
            filled += count
            let whole = filled / stride * stride
            guard count == 0 || buffer.count - filled < 64 * 1024 else { continue }
            if whole > 0 { unsafe try body(buffer.span.extracting(..<whole).bytes) }
            if count == 0 {
                guard whole == filled else { throw SystemError("read", "\(object), inside a record", errno: EPROTO) }
                return
            }
            let rest = filled - whole
            for index in 0..<rest { buffer[index] = buffer[whole + index] }
            filled = rest
        }
    }
}
