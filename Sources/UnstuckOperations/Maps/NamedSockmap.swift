import UnstuckKernel
import UnstuckModel

/// A sockmap by what people call it: its id, its path in a bpffs, or its name.
public enum NamedSockmap {
    public enum Failure: Error, CustomStringConvertible {
        case unknown(String)
        case ambiguous(String, [UInt32])

        public var description: String {
            switch self {
            case .unknown(let word): "there is no SOCKMAP or SOCKHASH \(safeText(word)): `unstuck sockmaps` lists them"
            case .ambiguous(let word, let ids):
                "\(ids.count) sockmaps are called \(safeText(word)): name one by its id "
                    + "(\(ids.map { "\($0)" }.joined(separator: ", ")))"
            }
        }
    }

    /// - Throws: `Failure` if there is none, or more than one of that name; `SystemError`, `BPFError`.
    public static func open(_ word: String, root: NodeRoot) throws -> OpenSockmap {
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
    public static func ids(_ word: String, root: NodeRoot) throws -> [UInt32] {
        if let id = UInt32(word) { return [id] }
        if word.hasPrefix("/") { return [try open(word, root: root).description.id] }
        let found = try BPFTable.mapIDs().filter { try BPFTable.openSockmap(id: $0)?.description.name == word }
        guard !found.isEmpty else { throw Failure.unknown(word) }
        return found
    }

    /// Calls `body` with every map that a word stands for.
    ///
    /// - Throws: `Failure` if there is none; `SystemError`, `BPFError`, and what `body` throws.
    public static func forEach(
        _ word: String, root: NodeRoot, _ body: (borrowing OpenSockmap) throws -> Void
    ) throws {
        guard !word.hasPrefix("/") else { return try body(open(word, root: root)) }
        for id in try ids(word, root: root) {
            guard let open = try BPFTable.openSockmap(id: id) else { throw Failure.unknown(word) }
            try body(open)
        }
    }
}
