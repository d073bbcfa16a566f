import ArgumentParser
import UnstuckKernel
import UnstuckModel

/// A sockmap by what people call it: its id, its path in a bpffs, or its name.
enum NamedSockmap {
    enum Failure: Error, CustomStringConvertible {
        case unknown(String)
        case ambiguous(String, [UInt32])

        var description: String {
            switch self {
            case .unknown(let word): "there is no SOCKMAP or SOCKHASH \(safeText(word)): `unstuck sockmaps` lists them"
            case .ambiguous(let word, let ids):
                "\(ids.count) sockmaps are called \(safeText(word)): name one by its id "
                    + "(\(ids.map { "\($0)" }.joined(separator: ", ")))"
            }
        }
    }

    /// - Throws: `Failure` if there is none, or more than one of that name; `SystemError`, `BPFError`.
    static func open(_ word: String, root: NodeRoot) throws -> OpenSockmap {
        if word.hasPrefix("/") {
            guard let open = try BPFTable.openSockmap(pin: root.path(word)) else { throw Failure.unknown(word) }
            return open
        }
        let ids = try ids(word, root: root)
        guard ids.count == 1 else { throw Failure.ambiguous(word, ids) }
        guard let open = try BPFTable.openSockmap(id: ids[0]) else { throw Failure.unknown(word) }
        return open
    }

    /// The maps that a word stands for: a name may be that of several. An id stands for itself, whether there is such a map
    /// or not.
    ///
    /// - Throws: `Failure` if there is none of that name or path; `SystemError`, `BPFError`.
    static func ids(_ word: String, root: NodeRoot) throws -> [UInt32] {
        if let id = UInt32(word) { return [id] }
        if word.hasPrefix("/") { return [try open(word, root: root).description.id] }
        let found = try BPFTable.mapIDs().filter { try BPFTable.openSockmap(id: $0)?.description.name == word }
        guard !found.isEmpty else { throw Failure.unknown(word) }
        return found
    }
}

/// Which maps a command is about.
struct MapOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only these sockmaps, by id, name or where they are pinned.", valueName: "map"))
    var map: [String] = []

    /// Their ids; none: all maps. What names no map is said, and ends the command.
    ///
    /// - Parameter known: ids and names of maps that may have gone.
    func ids(root: NodeRoot, of known: [(id: UInt32, name: String)] = []) throws -> [UInt32] {
        try map.flatMap { word in
            let gone = known.filter { $0.name == word }.map(\.id)
            do {
                return Set(try NamedSockmap.ids(word, root: root)).union(gone).sorted()
            } catch NamedSockmap.Failure.unknown where !gone.isEmpty {
                return gone
            } catch {
                printError("unstuck: \(words(error))")
                throw Exit.couldNotTell
            }
        }
    }
}
