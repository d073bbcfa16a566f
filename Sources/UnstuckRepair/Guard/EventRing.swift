import CLibBPF
import Glibc
import UnstuckKernel

/// Reads a BPF ring buffer.
@safe
final class EventRing {  // the pointer is libbpf's, private, and freed once, in deinit
    private let ring: OpaquePointer
    private let sink = Sink()

    private final class Sink {
        var records: [[UInt8]] = []
    }

    /// - Parameter map: descriptor of the ring buffer, which outlives this.
    init(map: Int32) throws {
        // The sink lives as long as the ring that calls it.
        let context = unsafe Unmanaged.passUnretained(sink).toOpaque()
        let ring = unsafe ring_buffer__new(
            map,
            { context, bytes, size in
                guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
                let sink = unsafe Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
                sink.records.append(unsafe Array(UnsafeRawBufferPointer(start: bytes, count: Int(size))))
                return 0
            }, context, nil)
        guard let ring = unsafe ring else { throw BPFError("read", "events", errno: errno) }
        unsafe self.ring = ring
    }

    deinit { unsafe ring_buffer__free(ring) }

    /// The records that are there; waits for the first at most so many milliseconds.
    func read(waiting milliseconds: Int32) throws -> [[UInt8]] {
        let code = unsafe ring_buffer__poll(ring, milliseconds)
        guard code >= 0 || code == -EINTR else { throw BPFError("read", "events", errno: -code) }
        defer { sink.records.removeAll(keepingCapacity: true) }
        return sink.records
    }
}
