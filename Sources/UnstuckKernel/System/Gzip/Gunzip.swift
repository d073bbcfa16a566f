import CZlib

/// Unpacks gzip (RFC 1952), one member or several.
public enum Gunzip {
    /// Why it could not be unpacked whole, and how far it could.
    public struct Failure: Error, CustomStringConvertible {
        public enum Reason: Sendable, Equatable {
            /// The bytes end before the stream does.
            case truncated
            /// What stands there is no gzip, or its checksum is another.
            case damaged
            /// More than may be unpacked.
            case tooLarge
            /// zlib has no memory, or is another one.
            case unavailable
        }
        public var reason: Reason
        /// Packed bytes that were read before.
        public var position: Int
        /// What was unpacked before.
        public var unpacked: [UInt8]

        public var description: String {
            let sofar = "\(unpacked.count) bytes were unpacked before"
            return switch reason {
            case .truncated: "its gzip data ends too early, after \(position) bytes (\(sofar))"
            case .damaged: "its gzip data is damaged at byte \(position) (\(sofar))"
            case .tooLarge: "it unpacks to more than \(unpacked.count) bytes"
            case .unavailable: "zlib cannot be used"
            }
        }
    }

    /// Whether the bytes say that they are gzip.
    public static func isPacked(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// - Parameter limit: bytes that are unpacked at most.
    public static func unpack(_ packed: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        var result: [UInt8] = []
        do {
            try pieces(of: packed) { (piece: ArraySlice<UInt8>) throws(Failure) in
                result += piece
                guard result.count > limit else { return }
                result.removeLast(result.count - limit)
                throw Failure(reason: .tooLarge, position: 0, unpacked: [])
            }
        } catch {
            throw Failure(reason: error.reason, position: error.position, unpacked: result)
        }
        return result
    }

    /// Unpacks piece by piece, so that the whole need not be kept. What is thrown has nothing in `unpacked`.
    public static func pieces(
        of packed: [UInt8], _ take: (ArraySlice<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        var position = 0
        func failure(_ reason: Failure.Reason) -> Failure {
            Failure(reason: reason, position: position, unpacked: [])
        }
        guard let stream = unsafe zlib_open(0) else { throw failure(.unavailable) }
        defer { unsafe zlib_close(stream, 0) }
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            var (read, written): (UInt32, UInt32) = (0, 0)
            let count = min(packed.count - position, 1 << 20)
            let code = unsafe packed.withUnsafeBytes { packed in
                unsafe chunk.withUnsafeMutableBytes { chunk in
                    // `count` bytes from `position` on lie within the array.
                    unsafe zlib_step(
                        stream, 0, unsafe packed.baseAddress.map { unsafe $0 + position }, UInt32(count),
                        chunk.baseAddress,
                        UInt32(chunk.count), 0, &read, &written)
                }
            }
            position += Int(read)
            do {
                try take(chunk[..<Int(written)])
            } catch {
                throw failure(error.reason)
            }
            switch Int(code) {
            case ZLIB_STREAM_END:
                guard position < packed.count else { return }
                // Another member, as `cat a.gz b.gz` makes them; tapes pad with zeros.
                guard packed[position...].contains(where: { $0 != 0 }) else { return }
                guard packed[position...].starts(with: [0x1F, 0x8B]), unsafe inflateReset(stream) == ZLIB_OK else {
                    throw failure(.damaged)
                }
            case ZLIB_OK: break
            case ZLIB_BUFFER_ERROR where position == packed.count: throw failure(.truncated)
            default: throw failure(.damaged)
            }
        }
    }
}
