import UnstuckKernel
import UnstuckModel
import UnstuckRender

/// Every sockmap with its users, its key layout, and its entries by state and pod.
public struct SockmapListing {
    public private(set) var summaries: [SockmapSummary] = []
    /// Everything that was asked for was read, entry by entry.
    public var isComplete: Bool { reading.isComplete }
    private var reading: MapReading
    private var messagePrograms: [UInt32: Set<UInt32>] = [:]

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
        var (summaries, messagePrograms) = (summaries, messagePrograms)
        try reading.forEach(maps, root: root) { contents in
            let sockets = contents.parts.joined().map(\.resident)
            let index = PodIndex(cgroups: finder.find(Set(sockets.map(\.cgroup))), pods: pods, sockets: sockets)
            messagePrograms[contents.map.id] = Set(sockets.compactMap(\.psock?.msgProgram))
            summaries.append(
                SockmapSummary(contents.map, contents.decision, entries: contents.parts.joined(), pods: index))
        }
        (self.summaries, self.messagePrograms) = (summaries, messagePrograms)
    }

    private mutating func addUsers(_ root: NodeRoot) {
        if reading.users == nil { reading.findUsers(of: summaries.map(\.id)) }
        guard var users = reading.users else { return }
        users.findAttachments(root: root)
        for (map, programs) in messagePrograms { users.noteMessagePrograms(programs, ofResidentsIn: map) }
        for index in summaries.indices {
            summaries[index].programs = users.programs.filter { $0.maps.contains(summaries[index].id) }
        }
    }
}
