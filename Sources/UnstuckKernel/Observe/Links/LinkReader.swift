import Glibc
import UnstuckFormats
import UnstuckModel

/// Reads interfaces, qdiscs and neighbours of network namespaces. Read-only.
public struct LinkReader {
    /// What was read.
    public struct Reading: Sendable {
        public var links: [Link] = []
        public var qdiscs: [Qdisc] = []
        public var neighbours: [Neighbour] = []
        public var missingEvidence: [MissingEvidence] = []
    }

    /// Neighbours of one namespace that are kept at most.
    static let mostNeighbours = 16384

    public init() {}

    /// - Parameters:
    ///   - namespaces: inode numbers, and a path that opens each.
    ///   - others: where other ends of their links may be, besides.
    public func read(
        namespaces: [(inode: UInt32, path: String)], others: [(inode: UInt32, path: String)] = []
    ) -> Reading {
        let ours = linkTarget("/proc/thread-self/ns/net").flatMap(NamespaceFinder.inode(ofLink:))
        let known = Set(namespaces.map(\.inode))
        let candidates = namespaces + others.filter { !known.contains($0.inode) }
        var result = Reading()
        for (inode, path) in namespaces {
            let read: @Sendable () throws -> Reading = {
                let entered = linkTarget("/proc/thread-self/ns/net").flatMap(NamespaceFinder.inode(ofLink:))
                // Another one has that path now.
                guard entered == inode else { throw SystemError("setns", path, errno: ENOENT) }
                var dump = try RouteDump(netns: inode)
                return try dump.read(candidates)
            }
            do {
                // Our own needs no setns, and so no capability for one.
                let reading = try inode == ours ? read() : NamespaceThread.run(in: path, read)
                result.links += reading.links
                result.qdiscs += reading.qdiscs
                result.neighbours += reading.neighbours
                result.missingEvidence += reading.missingEvidence
            } catch {
                result.missingEvidence.append(
                    MissingEvidence(
                        .links, of: inode, action: "read the links of network namespace \(inode)", error: error))
            }
        }
        return result
    }
}
