import CUnstuckABI
import UnstuckModel

/// `struct unstuck_entry` -> ``SockmapEntry``.
public enum EntryRecord {
    private static let keySizeOffset = MemoryLayout<unstuck_entry>.offset(of: \.key_size) ?? 0
    private static let stateOffset = MemoryLayout<unstuck_entry>.offset(of: \.liveness) ?? 0
    private static let keyOffset = MemoryLayout<unstuck_entry>.offset(of: \.key) ?? 0

    /// Longest key that a record carries.
    public static let longestKey = SockmapKey.longest

    /// Bytes of one record of a map with keys of that size.
    public static func size(keySize: Int) -> Int { keyOffset + (keySize + 7) & ~7 }

    /// Decodes the record that begins at `offset`.
    public static func decode(_ bytes: RawSpan, at offset: Int, protos: inout ProtoTable) throws(RecordError)
        -> SockmapEntry
    {
        let socket = try SocketRecord.decode(bytes, at: offset, protos: &protos)
        return SockmapEntry(key: try key(bytes, at: offset), socket: socket)
    }

    /// What the kernel side checked the socket to be: the copy of ``Liveness``, for the test that compares them.
    public static func kernelVerdict(_ bytes: RawSpan, at offset: Int) throws(RecordError) -> UInt32 {
        try word(bytes, at: offset + stateOffset)
    }

    private static func key(_ bytes: RawSpan, at offset: Int) throws(RecordError) -> SockmapKey {
        let count = try Int(word(bytes, at: offset + keySizeOffset))
        guard count <= longestKey else { throw .badKeySize(count) }
        let start = offset + keyOffset
        let padded = (count + 7) & ~7
        guard bytes.byteCount - start >= padded else {
            throw .truncated(needed: keyOffset + padded, got: bytes.byteCount - offset)
        }
        var words = InlineArray<8, UInt64>(repeating: 0)
        for index in 0..<padded / 8 {
            words[index] = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start + index * 8, as: UInt64.self)
                .littleEndian
        }
        return SockmapKey(words: words, count: count)
    }

    private static func word(_ bytes: RawSpan, at offset: Int) throws(RecordError) -> UInt32 {
        guard bytes.byteCount - offset >= 4 else { throw .truncated(needed: 4, got: bytes.byteCount - offset) }
        return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }
}
