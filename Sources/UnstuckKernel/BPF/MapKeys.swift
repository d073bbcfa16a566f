import CLibBPF
import Glibc
import UnstuckModel

extension OpenSockmap {
    /// The map's keys, by asking for one after the other as `bpftool map dump` does: works without iterators and BTF, and
    /// tells nothing of the residents.
    ///
    /// A SOCKHASH begins again at its first bucket when the key that was asked from is gone (kernel `net/core/sock_map.c`,
    /// sock_hash_get_next_key), so each key is kept once and the walk has an end even where keys come and go all the time.
    ///
    /// - Returns: the keys, and whether the walk came to the map's end.
    public func keys() throws(SystemError) -> (keys: [SockmapKey], isComplete: Bool) {
        let size = description.keySize
        let map = descriptor.raw
        var result: [SockmapKey] = []
        guard size <= SockmapKey.longest else {
            throw SystemError("BPF_MAP_GET_NEXT_KEY", "a map with keys of \(size) bytes", errno: E2BIG)
        }
        var seen = Set<SockmapKey>()
        var key = [UInt8](repeating: 0, count: size)
        var following = key
        var isFirst = true
        for _ in 0..<4 * description.maxEntries + 1024 {
            let code =
                unsafe isFirst
                ? bpf_map_get_next_key(map, nil, &following) : bpf_map_get_next_key(map, &key, &following)
            guard code == 0 else {
                if errno == ENOENT { return (result, true) }
                throw SystemError("BPF_MAP_GET_NEXT_KEY", "map \(description.id)", errno: errno)
            }
            isFirst = false
            swap(&key, &following)
            let found = SockmapKey(key)
            if seen.insert(found).inserted { result.append(found) }
        }
        return (result, false)
    }
}
