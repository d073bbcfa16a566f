import UnstuckKernel
import UnstuckModel
import UnstuckRender

/// Every sockmap with its users, its key layout, and its entries by state and pod.
public struct SockmapListing {
    public private(set) var summaries: [SockmapSummary] = []
    /// Everything that was asked for was read, entry by entry.
    public var isComplete: Bool { reading.isComplete }
    private var reading: MapReading
    private var senders: [UInt32: MapUsers.Senders] = [:]

    /// Reads the maps.
    ///
    /// - Parameters:
    ///   - maps: only these; empty: every one.
    ///   - avoidsIterators: walk the maps' keys instead.
    public init(_ maps: [UInt32], root: NodeRoot, avoidsIterators: Bool, _ reading: MapReading) throws {
        self.reading = reading
        if !avoidsIterators { try readEntries(of: maps, root) }
        let walked = avoidsIterators ? self.reading.walk(maps, root: root) : self.reading.walk(root: root)
        summaries += walked?.summaries ?? []
        addUsers(root)
    }

    private mutating func readEntries(of maps: [UInt32], _ root: NodeRoot) throws {
        let finder = CgroupFinder(root: root)
        let pods = finder.pods()
        var (summaries, senders) = (summaries, senders)
        try reading.forEach(maps, root: root) { contents in
            let sockets = contents.parts.joined().map(\.socket)
            let index = PodIndex(cgroups: finder.find(Set(sockets.map(\.cgroup))), pods: pods, sockets: sockets)
            senders[contents.map.id] = MapUsers.senders(sockets)
            summaries.append(
                SockmapSummary(contents.map, contents.decision, entries: contents.parts.joined(), pods: index))
        }
        (self.summaries, self.senders) = (summaries, senders)
    }

    private mutating func addUsers(_ root: NodeRoot) {
        if reading.users == nil { reading.findUsers(of: summaries.map(\.id)) }
        guard var users = reading.users else { return }
        users.findAttachments(root: root)
        if !users.unasked.isDisjoint(with: senders.keys) { users.observe(senders.merging(sendersOfOtherMaps()) { $1 }) }
        for index in summaries.indices {
            summaries[index].programs = users.programs.filter { $0.maps.contains(summaries[index].id) }
        }
    }

    /// Of the maps that were not asked for: a socket may have its program from one of them.
    private func sendersOfOtherMaps() -> [UInt32: MapUsers.Senders] {
        let observer = SockmapObserver()
        var result: [UInt32: MapUsers.Senders] = [:]
        for id in (try? BPFTable.mapIDs()) ?? [] where senders[id] == nil {
            guard let open = try? BPFTable.openSockmap(id: id), let parts = try? observer.parts(of: open) else {
                continue
            }
            result[id] = MapUsers.senders(parts.joined().map(\.socket))
        }
        return result
    }
}
