import UnstuckModel

extension OpenSockmap {
    /// The map's keys, by asking for one after the other as `bpftool map dump` does: works without iterators and BTF, and
    /// tells nothing of the sockets.
    ///
    /// - Returns: the keys, and whether the walk came to the map's end.
    public func keys() throws -> (keys: [SockmapKey], isComplete: Bool) {
        guard description.keySize <= SockmapKey.longest else {
            throw ObservationError.keyTooLong(map: description.id, size: description.keySize)
        }
        let walk = try KeyWalk.run(
            over: descriptor.raw, keySize: description.keySize, named: "sockmap \(description.id)")
        return (walk.entries.map(\.key), walk.isComplete)
    }
}
