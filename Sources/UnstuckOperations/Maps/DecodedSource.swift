import Glibc
import UnstuckFormats
import UnstuckKernel
import UnstuckModel

extension OperationError.Code {
    /// A dump without a byte that is not a space: the command before it has failed.
    public static let emptyDump = Self(rawValue: "empty-dump")
}

/// One dump or map whose keys were decoded.
public struct DecodedSource: Encodable {
    /// A file's path, "stdin", or a map.
    public var source: String
    /// `nil` for a map.
    public var form: KeyDump.Form?
    /// Keys of one size each.
    public var groups: [DecodedKeys]
    /// What was taken away or passed over that is no part of a dump.
    public var notes: [String] = []
    /// What was not understood: the first hundred, and how many there are. Of a map they have no line.
    public var problems: [KeyDump.Problem] = []
    public var problemCount = 0

    /// Every key, and every line, was understood.
    public var isUnderstood: Bool { problemCount == 0 && groups.allSatisfy(\.isDecoded) }

    /// - Parameters:
    ///   - chosen: the layout, whatever else fits.
    ///   - pod: the pod that has an address, where the node knows.
    ///   - mapName: the map's name, where something beside the dump says it.
    public init(
        _ dump: KeyDump, named source: String, chosen: KeyLayout?, mapName: String? = nil,
        pod: (IPAddress) -> String?
    ) {
        self.source = source
        form = dump.form
        groups = Self.groups(dump.keys, chosen, mapName, pod) { key in
            dump.added.contains(key) ? .added : dump.removed.contains(key) ? .removed : nil
        }
        notes = dump.notes
        problems = dump.problems
        problemCount = dump.problemCount
    }

    /// Decodes a dump; a damaged or cut one as far as it goes.
    ///
    /// - Throws: `emptyDump`.
    static func decode(
        _ bytes: [UInt8], named name: String, mapName: String? = nil, chosen: KeyLayout?,
        pod: (IPAddress) -> String?
    ) throws(OperationError) -> DecodedSource {
        guard bytes.contains(where: { !" \t\r\n".utf8.contains($0) }) else {
            throw OperationError(
                .emptyDump, "\(safeText(name)) is empty: not even bpftool's dump of an empty map is that")
        }
        return DecodedSource(KeyDump(bytes), named: name, chosen: chosen, mapName: mapName, pod: pod)
    }

    /// Walks a map's keys.
    public init(_ open: borrowing OpenSockmap, chosen: KeyLayout?, pod: (IPAddress) -> String?) throws {
        let map = open.description
        source = "map \(map.id) \"\(map.name)\""
        groups = []
        if map.kind == .sockmap {
            add("a SOCKMAP's keys are indices and claim no connection")
            return
        }
        let (keys, isWhole) = try open.keys()
        groups = Self.groups(keys, chosen, map.name, pod) { _ in nil }
        if !isWhole { add("it changes too fast to be walked to its end") }
    }

    mutating func add(_ reason: String) {
        problems.append(KeyDump.Problem(line: 0, reason: reason))
        problemCount += 1
    }

    /// Keys of one size belong together; a dump of one map has one size.
    private static func groups(
        _ keys: [SockmapKey], _ chosen: KeyLayout?, _ mapName: String?, _ pod: (IPAddress) -> String?,
        _ change: (SockmapKey) -> DecodedKeys.Change?
    ) -> [DecodedKeys] {
        Dictionary(grouping: keys, by: \.count).sorted { $1.value.count < $0.value.count }
            .map { DecodedKeys($0.value, chosen: chosen, mapName: mapName, change: change, pod: pod) }
    }
}
