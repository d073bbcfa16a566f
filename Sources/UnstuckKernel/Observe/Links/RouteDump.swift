import CNetlinkUAPI
import UnstuckFormats
import UnstuckModel

/// What NETLINK_ROUTE tells of the namespace that the calling thread is in.
struct RouteDump: ~Copyable {
    private var channel: NetlinkChannel
    private let netns: UInt32

    /// How often a table is asked for that changed meanwhile.
    private static let tries = 4

    init(netns: UInt32) throws {
        self.netns = netns
        channel = try NetlinkChannel(family: NETLINK_ROUTE, name: "NETLINK_ROUTE")
    }

    /// - Parameter candidates: namespaces in which other ends of links may be.
    mutating func read(_ candidates: [(inode: UInt32, path: String)]) throws -> LinkReader.Reading {
        let netns = netns
        var result = LinkReader.Reading()
        var found: [RouteLink] = []
        if try dump(
            "RTM_GETLINK", RouteRequest.links, { found = [] }, { found.append(try .decode($0, in: $1, netns: netns)) })
        {
            result.missingEvidence.append(changed("links"))
        }
        result.links = try name(found, among: candidates)
        var qdiscs: [Qdisc] = []
        if try dump(
            "RTM_GETQDISC", RouteRequest.qdiscs, { qdiscs = [] },
            { qdiscs.append(try RouteQdisc.decode($0, in: $1, netns: netns)) })
        {
            result.missingEvidence.append(changed("qdiscs"))
        }
        result.qdiscs = qdiscs
        var neighbours: [Neighbour] = []
        var leftOut = 0
        if try dump(
            "RTM_GETNEIGH", RouteRequest.neighbours,
            {
                neighbours = []
                leftOut = 0
            },
            {
                guard let neighbour = try RouteNeighbour.decode($0, in: $1, netns: netns) else { return }
                if neighbours.count < LinkReader.mostNeighbours { neighbours.append(neighbour) } else { leftOut += 1 }
            })
        {
            result.missingEvidence.append(changed("neighbours"))
        }
        if leftOut > 0 {
            result.missingEvidence.append(
                MissingEvidence(
                    .links, of: netns, action: "read \(pluralized(leftOut, "neighbour")) of network namespace \(netns)",
                    .failed("there are more than \(LinkReader.mostNeighbours)")))
        }
        result.neighbours = neighbours
        return result
    }

    /// - Returns: whether the table changed whenever it was read (`NLM_F_DUMP_INTR`).
    private mutating func dump(
        _ call: String, _ request: (UInt32) -> [UInt8], _ begin: () -> Void,
        _ body: (RawSpan, Range<Int>) throws -> Void
    ) throws -> Bool {
        for _ in 1...Self.tries {
            begin()
            let isInterrupted = try channel.ask(
                call, on: "network namespace \(netns)", isDump: true, request, { try body($1, $0.payload) })
            if !isInterrupted { return false }
        }
        return true
    }

    private func changed(_ what: String) -> MissingEvidence {
        MissingEvidence(
            .links, of: netns, action: "read all \(what) of network namespace \(netns)",
            .failed("they changed whenever they were read"))
    }

    /// Namespaces of other ends by inode number, instead of by the number that they have in this one.
    private mutating func name(
        _ found: [RouteLink], among candidates: [(inode: UInt32, path: String)]
    ) throws -> [Link] {
        var wanted = Set(found.compactMap(\.peerNamespaceID).filter { $0 >= 0 })
        var inodes: [Int32: UInt32] = [:]
        for (inode, path) in candidates where inode != netns && !wanted.isEmpty {
            // One that is gone, or may not be opened, stays without a name.
            guard let namespace = try? OwnedDescriptor(path: path),
                inodeNumber("/proc/thread-self/fd/\(namespace.raw)") == UInt64(inode),
                let id = try? namespaceID(of: namespace)
            else { continue }
            if wanted.remove(id) != nil { inodes[id] = inode }
        }
        return found.map { found in
            var link = found.link
            if let id = found.peerNamespaceID { link.peerNetns = inodes[id] }
            return link
        }
    }

    private mutating func namespaceID(of namespace: borrowing OwnedDescriptor) throws -> Int32? {
        var result: Int32?
        let raw = namespace.raw
        try channel.ask(
            "RTM_GETNSID", on: "network namespace \(netns)", isDump: false,
            { RouteRequest.namespaceID(ofDescriptor: raw, sequence: $0) },
            { result = try RouteNamespaceID.decode($1, in: $0.payload) })
        return result
    }
}
