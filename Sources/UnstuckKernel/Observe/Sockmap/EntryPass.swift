import Glibc
import UnstuckFormats
import UnstuckModel

/// One pass over a sockmap, or over its half; any thread may read it.
///
/// The kernel's iterator shows entries of a bucket again when it resumes there (`sock_hash_seq_start`,
/// net/core/sock_map.c); repeats of a key are left out.
final class EntryPass: Sendable {
    private let iterator: OwnedDescriptor
    private let map: UInt32
    private let stride: Int
    private let expected: Int
    private let mostRecords: Int

    struct Result: Sendable {
        var entries: [SockmapEntry]
        var protos: ProtoTable
    }

    init(_ iterator: consuming OwnedDescriptor, over map: Sockmap, isHalf: Bool) {
        self.iterator = iterator
        self.map = map.id
        stride = EntryRecord.size(keySize: map.keySize)
        let room = min(map.maxEntries, 1 << 16)
        expected = isHalf ? room / 2 + room / 16 : room
        // Repeats included. A pass never ends over a bucket that holds more than one read does.
        mostRecords = map.maxEntries * 2 + 10_000
    }

    /// Runs the program over the first entries and takes none: they wait for the first read that has room.
    func begin() throws {
        let descriptor = iterator.raw
        try syscall("read", on: "sockmap \(map)") { Glibc.read(descriptor, nil, 0) }
    }

    func read() throws -> Result {
        var distinct = DistinctEntries(expected: expected)
        var protos = ProtoTable()
        var records = 0
        try IteratorReader.read(iterator, stride: stride, of: "sockmap \(map)") { piece in
            records += piece.byteCount / stride
            guard records <= mostRecords else { throw ObservationError.stalled(map: map) }
            for offset in Swift.stride(from: 0, to: piece.byteCount, by: stride) {
                distinct.append(try EntryRecord.decode(piece, at: offset, protos: &protos))
            }
        }
        return Result(entries: distinct.entries, protos: protos)
    }
}
