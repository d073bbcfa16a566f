import UnstuckFormats
import UnstuckKernel
import UnstuckModel

/// Names of a node's maps, namespaces and pods, for completion: read from ids and folders, without a socket or an entry.
public struct NodeNames {
    private let root: NodeRoot

    public init(root: NodeRoot) { self.root = root }

    /// Ids of the sockmaps, then their names. Empty where maps may not be listed.
    public var maps: [String] {
        let maps = (try? NamedSockmap.all()) ?? []
        return maps.map { "\($0.id)" } + Self.usable(maps.map(\.name))
    }

    /// Network namespaces with a name under `/run/netns`.
    public var namespaces: [String] { Self.usable(directoryNames(root.path("/run/netns"))) }

    /// Pods by namespace and name where they have a log folder, else by the uid in their cgroups' paths.
    public var pods: [String] {
        let finder = CgroupFinder(root: root)
        let named = finder.pods()
        return Self.usable(named.map(\.label)) + finder.podUIDs().subtracting(named.map(\.uid)).sorted()
    }

    /// Each once; without names that a shell or a terminal would split or interpret.
    private static func usable(_ names: [String]) -> [String] {
        Set(names.filter { !$0.isEmpty && safeText($0) == $0 && !$0.contains(" ") }).sorted()
    }
}
