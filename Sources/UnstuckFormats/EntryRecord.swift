import CUnstuckABI
import UnstuckModel

/// `struct unstuck_entry` -> ``SockmapEntry``.
public enum EntryRecord {
    private static let keySizeOffset = MemoryLayout<unstuck_entry>.offset(of: \.key_size) ?? 0
    private static let stateOffset = MemoryLayout<unstuck_entry>.offset(of: \.resident_state) ?? 0
    private static let keyOffset = MemoryLayout<unstuck_entry>.offset(of: \.key) ?? 0

    /// Longest key that a record carries.
    public static let longestKey = UNSTUCK_KEY_MAX

    /// Bytes of one record of a map with keys of that size.
    public static func size(keySize: Int) -> Int { keyOffset + (keySize + 7) & ~7 }

    /// Decodes the record that begins at `offset`.
    public static func decode(_ bytes: RawSpan, at offset: Int, protos: inout ProtoTable) throws(RecordError)
        -> SockmapEntry
    {
        let resident = try SocketRecord.decode(bytes, at: offset, protos: &protos)
        return SockmapEntry(key: SockmapKey(try key(bytes, at: offset)), resident: resident)
    }

    /// What the kernel side judged the resident to be: the twin of ``ResidentState``, for the test that compares them.
    public static func kernelVerdict(_ bytes: RawSpan, at offset: Int) throws(RecordError) -> UInt32 {
        try word(bytes, at: offset + stateOffset)
    }

    private static func key(_ bytes: RawSpan, at offset: Int) throws(RecordError) -> [UInt8] {
        let count = try Int(word(bytes, at: offset + keySizeOffset))
        guard count <= longestKey else { throw .badKeySize(count) }
        let start = offset + keyOffset
        guard bytes.byteCount - start >= count else {
            throw .truncated(needed: keyOffset + count, got: bytes.byteCount - offset)
        }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                unsafe buffer[index] = bytes.unsafeLoad(fromByteOffset: start + index, as: UInt8.self)
            }
            initialized = count
        }
    }

    private static func word(_ bytes: RawSpan, at offset: Int) throws(RecordError) -> UInt32 {
        guard bytes.byteCount - offset >= 4 else { throw .truncated(needed: 4, got: bytes.byteCount - offset) }
        return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }
}
