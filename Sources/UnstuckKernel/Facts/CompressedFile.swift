import CZlib

/// The bytes of a file that gzip may have compressed; zlib reads others as they are. `nil` if it cannot be read, is damaged
/// or has more than 64 MiB.
public func readCompressedFile(_ path: String) -> [UInt8]? {
    guard let file = unsafe gzopen(path, "rbe") else { return nil }
    defer { unsafe _ = gzclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = unsafe gzread(file, &chunk, UInt32(chunk.count))
        guard count >= 0, bytes.count < 64 << 20 else { return nil }
        if count == 0 { return bytes }
        bytes += chunk[..<Int(count)]
    }
}
