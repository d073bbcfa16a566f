import UnstuckFormats
import UnstuckModel

/// Finds the machine's network namespaces through processes and the names under `/run/netns`.
public struct NamespaceFinder {
    let root: NodeRoot

    public init(root: NodeRoot) { self.root = root }

    /// A path that opens a namespace; `nil` if nothing that we can see is in it.
    public func path(of inode: UInt32) -> String? { find().first { $0.namespace.inode == inode }?.path }

    /// A namespace and a path that opens it.
    struct Found {
        var namespace: NetworkNamespace
        var path: String
    }

    /// Each namespace once, our own first where it is among them. Namespaces that only a leaked socket keeps alive
    /// have no path and are not found: their sockets still show up as sockets of entries.
    func find() -> [Found] {
        var found: [UInt32: Found] = [:]
        for process in processIDs(root) {
            let path = "\(root.procfs)/\(process)/ns/net"
            guard let inode = linkTarget(path).flatMap(Self.inode(ofLink:)) else { continue }
            if let known = found[inode]?.namespace.process, known <= process { continue }
            found[inode] = Found(
                namespace: NetworkNamespace(inode: inode, name: nil, process: process, wasRead: false), path: path)
        }
        for folder in ["/run/netns", "/var/run/netns"].map(root.path) {
            for name in directoryNames(folder) {
                let path = "\(folder)/\(name)"
                guard let inode = inodeNumber(path).map(UInt32.init(truncatingIfNeeded:)) else { continue }
                var entry =
                    found[inode]
                    ?? Found(
                        namespace: NetworkNamespace(inode: inode, name: nil, process: nil, wasRead: false), path: path)
                entry.namespace.name = name
                found[inode] = entry
            }
        }
        return found.values.sorted { $0.namespace.inode < $1.namespace.inode }
    }

    /// `net:[4026531840]` -> 4026531840
    static func inode(ofLink target: String) -> UInt32? {
        NamespaceLink.inode(of: target, kind: "net").flatMap(UInt32.init(exactly:))
    }
}

/// Ids of all processes that procfs shows.
func processIDs(_ root: NodeRoot) -> [Int32] {
    directoryNames(root.procfs).compactMap { Int32($0) }
}
