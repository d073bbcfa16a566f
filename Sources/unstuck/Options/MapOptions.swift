import ArgumentParser
import UnstuckKernel
import UnstuckOperations

/// Which maps a command is about.
struct MapOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only these sockmaps, by id, name or where they are pinned.", valueName: "map"))
    var map: [String] = []

    /// Their ids; none: all maps. What names no map ends the command.
    ///
    /// - Parameter known: ids and names of maps that may have gone.
    func ids(root: NodeRoot, of known: [(id: UInt32, name: String)] = []) throws -> [UInt32] {
        try map.flatMap { word in
            let gone = known.filter { $0.name == word }.map(\.id)
            do {
                return Set(try NamedSockmap.ids(word, root: root)).union(gone).sorted()
            } catch NamedSockmap.Failure.unknown where !gone.isEmpty {
                return gone
            }
        }
    }
}
