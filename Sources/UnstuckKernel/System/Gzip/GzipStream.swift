import CZlib

/// Packs bytes as gzip while they come, so that no second copy of all of them is in memory.
@safe
public struct GzipStream: ~Copyable {  // zlib's memory is owned, private, and freed once, in deinit
    private let stream: UnsafeMutablePointer<zlib_stream>
    private var chunk = [UInt8](repeating: 0, count: 1 << 16)

    /// `nil`: no memory.
    public init?() {
        guard let stream = unsafe zlib_open(1) else { return nil }
        unsafe self.stream = stream
    }

    deinit { unsafe zlib_close(stream, 1) }

    /// - Parameter sink: gets what is packed.
    public mutating func write(_ bytes: RawSpan, to sink: (RawSpan) throws -> Void) throws {
        var position = 0
        while position < bytes.byteCount {
            let part = bytes.extracting(position..<min(bytes.byteCount, position + 1 << 20))
            position += try step(part, 0, to: sink).read
        }
    }

    /// To be called once, last.
    public mutating func finish(to sink: (RawSpan) throws -> Void) throws {
        while try !step(RawSpan(), Int32(ZLIB_FINISH), to: sink).isAtEnd {}
    }

    private mutating func step(
        _ bytes: RawSpan, _ flush: Int32, to sink: (RawSpan) throws -> Void
    ) throws -> (read: Int, isAtEnd: Bool) {
        var (read, written): (UInt32, UInt32) = (0, 0)
        let code = unsafe bytes.withUnsafeBytes { bytes in
            unsafe chunk.withUnsafeMutableBytes { chunk in
                unsafe zlib_step(
                    stream, 1, bytes.baseAddress, UInt32(bytes.count), chunk.baseAddress, UInt32(chunk.count), flush,
                    &read, &written)
            }
        }
        // It always gets on: there is room for what it writes.
        guard code == ZLIB_OK || code == ZLIB_STREAM_END else { throw Failure() }
        if written > 0 { try unsafe sink(chunk.span.bytes.extracting(0..<Int(written))) }
        return (Int(read), code == ZLIB_STREAM_END)
    }

    /// zlib refuses to go on.
    public struct Failure: Error, CustomStringConvertible {
        public init() {}
        public var description: String { "zlib cannot pack the data" }
    }
}
