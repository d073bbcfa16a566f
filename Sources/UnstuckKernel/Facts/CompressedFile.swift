/// The bytes of a file that gzip may have compressed; others as they are. `nil` if it cannot be read, is damaged or has more
/// than 64 MiB.
public func readCompressedFile(_ path: String) -> [UInt8]? {
    guard let bytes = try? readFile(path) else { return nil }
    return Gunzip.isPacked(bytes) ? try? Gunzip.unpack(bytes, limit: 64 << 20) : bytes
}
