import CLibBPF
import Glibc
import Synchronization
import UnstuckModel

/// Walks the keys of one sockmap; threads take turns to fetch the next of them.
///
/// A key that is deleted under the walk makes the kernel begin at the first bucket again (`sock_hash_get_next_key`,
/// net/core/sock_map.c): a key can come twice.
final class KeyCursor: Sendable {
    private let map: UInt32
    private let descriptor: Int32
    private let mostSteps: Int
    private let state = Mutex(State())

    private struct State {
        var last: [UInt8]?
        var steps = 0
        var isAtEnd = false
    }

    /// - Parameter descriptor: of the map, which is not kept.
    init(over map: Sockmap, descriptor: Int32) {
        self.map = map.id
        self.descriptor = descriptor
        mostSteps = map.maxEntries * 4 + 10_000
    }

    /// Writes the next keys into `batch`, one every ``SockmapKey/longest`` bytes from `offset` on.
    ///
    /// - Returns: how many; 0 at the end.
    /// - Throws: `SystemError`, and `ObservationError.stalled` if the walk never comes to its end.
    func next(_ most: Int, into batch: inout [UInt8], at offset: Int) throws -> Int {
        try state.withLock { state in
            guard !state.isAtEnd else { return 0 }
            var count = 0
            var code: Int32 = 0
            let last = state.last
            unsafe batch.withUnsafeMutableBufferPointer { bytes in
                guard let start = unsafe bytes.baseAddress.map({ unsafe $0 + offset }) else { return }
                // The kernel writes each key behind the one before.
                while count < most {
                    let key = unsafe start + count * SockmapKey.longest
                    code =
                        unsafe count > 0
                        ? bpf_map_get_next_key(descriptor, key - SockmapKey.longest, key)
                        : bpf_map_get_next_key(descriptor, last, key)
                    guard code == 0 else { break }
                    count += 1
                }
            }
            state.steps += count
            guard state.steps <= mostSteps else { throw ObservationError.stalled(map: map) }
            guard code == 0 || code == -ENOENT else {
                throw SystemError("BPF_MAP_GET_NEXT_KEY", "sockmap \(map)", errno: -code, needs: [.bpf])
            }
            state.isAtEnd = code != 0
            if count > 0 {
                let end = offset + count * SockmapKey.longest
                state.last = Array(batch[end - SockmapKey.longest..<end])
            }
            return count
        }
    }
}
