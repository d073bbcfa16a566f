import UnstuckKernel
import UnstuckModel

/// A sockmap by what people call it: its id, its path in a bpffs, or its name.
public enum NamedSockmap {
    public enum Failure: Error, CustomStringConvertible {
        /// `maps` are those that there are; `nil`: they could not be listed.
        case unknown(String, maps: [(id: UInt32, name: String)]?)
        case ambiguous(String, [UInt32])

        public var description: String {
            switch self {
            case .unknown(let word, let maps):
                "there is no SOCKMAP or SOCKHASH \(safeText(word)): \(maps.map(Self.list) ?? "`unstuck sockmaps` lists them")"
            case .ambiguous(let word, let ids):
                "\(ids.count) sockmaps are called \(safeText(word)): name one by its id "
                    + "(\(ids.map { "\($0)" }.joined(separator: ", ")))"
            }
        }

        private static let longestList = 20

        private static func list(_ maps: [(id: UInt32, name: String)]) -> String {
            guard !maps.isEmpty else { return "this machine has none" }
            let shown = maps.prefix(longestList).map { "\($0.id) (\(safeText($0.name)))" }.joined(separator: ", ")
            let rest = maps.count - longestList
            return "there \(maps.count == 1 ? "is" : "are") \(shown)\(rest > 0 ? " and \(rest) more" : "")"
        }
    }

    /// Ids and names of every sockmap of the machine. Names alone: no entry and no socket is read.
    ///
    /// - Throws: `SystemError`.
    public static func all() throws(SystemError) -> [(id: UInt32, name: String)] {
        var maps: [(id: UInt32, name: String)] = []
        for id in try BPFTable.mapIDs() {
            if let open = try BPFTable.openSockmap(id: id) { maps.append((id, open.description.name)) }
        }
        return maps
    }

    /// That no map is called so, with those that there are.
    static func unknown(_ word: String) -> Failure { .unknown(word, maps: try? all()) }

    /// - Throws: `Failure` if there is none, or more than one of that name; `SystemError`, `BPFError`.
    public static func open(_ word: String, root: NodeRoot) throws -> OpenSockmap {
        if word.hasPrefix("/") {
            guard let open = try BPFTable.openSockmap(pin: root.path(word)) else { throw unknown(word) }
            return open
        }
        let ids = try ids(word, root: root)
        guard ids.count == 1 else { throw Failure.ambiguous(word, ids) }
        guard let open = try BPFTable.openSockmap(id: ids[0]) else { throw unknown(word) }
        return open
    }

    /// The maps that a word stands for: a name may be that of several.
    ///
    /// - Throws: `Failure` if there is none; `SystemError`, `BPFError`.
    public static func ids(_ word: String, root: NodeRoot) throws -> [UInt32] {
        if let id = UInt32(word) {
            guard isThere(id) else { throw unknown(word) }
            return [id]
        }
        if word.hasPrefix("/") { return [try open(word, root: root).description.id] }
        let found = try all().filter { $0.name == word }.map(\.id)
        guard !found.isEmpty else { throw unknown(word) }
        return found
    }

    /// `true` also where maps may not be opened: who reads them says which right is missing.
    private static func isThere(_ id: UInt32) -> Bool {
        do {
            guard let open = try BPFTable.openSockmap(id: id) else { return false }
            _ = consume open
            return true
        } catch {
            return true
        }
    }

    /// Calls `body` with every map that a word stands for.
    ///
    /// - Throws: `Failure` if there is none; `SystemError`, `BPFError`, and what `body` throws.
    public static func forEach(
        _ word: String, root: NodeRoot, _ body: (borrowing OpenSockmap) throws -> Void
    ) throws {
        guard !word.hasPrefix("/") else { return try body(open(word, root: root)) }
        for id in try ids(word, root: root) {
            guard let open = try BPFTable.openSockmap(id: id) else { throw unknown(word) }
            try body(open)
        }
    }
}
