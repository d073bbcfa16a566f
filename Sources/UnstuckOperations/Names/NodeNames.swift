import UnstuckFormats
import UnstuckKernel
import UnstuckModel

/// What a node's things are called, for whoever types a command. Folders and ids are listed; no socket and no entry is read.
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

    /// Pods by namespace and name where log folders tell, else by the uid in their cgroups' paths.
    public var pods: [String] {
        let finder = CgroupFinder(root: root)
        let named = finder.pods()
        return Self.usable(named.map(\.label)) + finder.podUIDs().subtracting(named.map(\.uid)).sorted()
    }

    /// Without those that a shell or a terminal could take for something else, each once.
    private static func usable(_ names: [String]) -> [String] {
        Set(names.filter { !$0.isEmpty && safeText($0) == $0 && !$0.contains(" ") }).sorted()
    }
}
