import CLibBPF
import Glibc
import UnstuckModel

/// Walks the keys of sockmaps from user space (BPF_MAP_GET_NEXT_KEY): no BTF, no program.
///
/// The kernel goes on from the key that it is given. If that was deleted meanwhile, it goes on from the first bucket
/// (`sock_hash_get_next_key`, net/core/sock_map.c): keys come again, and are left out. Every key that was there all the time
/// is met by a walk that gets to its end.
enum KeyWalk {
    /// - Throws: `SystemError`, `ObservationError`.
    static func run(over map: borrowing OpenSockmap) throws -> SockmapWalk {
        let description = map.description
        guard description.keySize <= SockmapKey.longest else {
            throw ObservationError.keyTooLong(map: description.id, size: description.keySize)
        }
        let descriptor = map.descriptor.raw
        guard description.kind == .sockhash else { return try array(description, descriptor) }
        var walk = try run(over: descriptor, keySize: description.keySize, named: "sockmap \(description.id)")
        if description.valueSize == cookieSize { try addCookies(to: &walk, description, descriptor) }
        return walk
    }

    /// The keys of any hash.
    static func run(over descriptor: Int32, keySize: Int, named name: String) throws -> SockmapWalk {
        var next = [UInt8](repeating: 0, count: keySize)
        return try run { previous in
            let code: Int32
            if let previous {
                code = unsafe bpf_map_get_next_key(descriptor, previous.bytes, &next)
            } else {
                code = unsafe bpf_map_get_next_key(descriptor, nil, &next)
            }
            if code == 0 { return SockmapKey(next) }
            guard errno == ENOENT else {
                throw SystemError("BPF_MAP_GET_NEXT_KEY", name, errno: errno, needs: [.bpf])
            }
            return nil
        }
    }

    /// Times that a key may come again, on average, before the walk is given up.
    private static let patience = 16

    /// - Parameter next: the key that follows; after `nil` the first one, and `nil` after the last.
    static func run(_ next: (SockmapKey?) throws -> SockmapKey?) rethrows -> SockmapWalk {
        var seen = Set<SockmapKey>()
        var walk = SockmapWalk()
        var steps = 0
        var isNew = true
        var previous: SockmapKey?
        while let key = try next(previous) {
            steps += 1
            let wasNew = isNew
            isNew = seen.insert(key).inserted
            if isNew {
                walk.entries.append(WalkedEntry(key: key))
            } else if wasNew {
                walk.restarts += 1
            }
            guard steps <= patience * (seen.count + 1024) else { return walk }
            previous = key
        }
        walk.isComplete = true
        return walk
    }

    /// Only values of eight bytes can be looked up: they are read as the socket's cookie. Others are refused with ENOSPC
    /// (`sock_hash_lookup_sys`).
    private static let cookieSize = 8

    private static func addCookies(to walk: inout SockmapWalk, _ map: Sockmap, _ descriptor: Int32) throws {
        var kept: [WalkedEntry] = []
        for var entry in walk.entries {
            guard let cookie = try cookie(of: entry.key.bytes, map, descriptor) else { continue }
            entry.cookie = cookie
            kept.append(entry)
        }
        walk.entries = kept
    }

    /// An array's keys are its indices, whether someone sits there or not.
    private static func array(_ map: Sockmap, _ descriptor: Int32) throws -> SockmapWalk {
        guard map.valueSize == cookieSize else { throw ObservationError.hidden(map: map.id) }
        var walk = SockmapWalk(isComplete: true)
        for index in 0..<UInt32(clamping: map.maxEntries) {
            let key = unsafe withUnsafeBytes(of: index) { unsafe Array($0) }
            guard let cookie = try cookie(of: key, map, descriptor) else { continue }
            walk.entries.append(WalkedEntry(key: SockmapKey(key), cookie: cookie))
        }
        return walk
    }

    /// `nil`: nobody sits there (any more).
    private static func cookie(of key: [UInt8], _ map: Sockmap, _ descriptor: Int32) throws -> UInt64? {
        var cookie: UInt64 = 0
        if unsafe bpf_map_lookup_elem(descriptor, key, &cookie) == 0 { return cookie }
        guard errno == ENOENT else {
            throw SystemError("BPF_MAP_LOOKUP_ELEM", "sockmap \(map.id)", errno: errno, needs: [.bpf])
        }
        return nil
    }
}
