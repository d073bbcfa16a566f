import UnstuckFormats
import UnstuckKernel
import UnstuckModel

extension OperationError.Code {
    /// A folder in which no dump of a sockmap was found.
    public static let noDumps = Self(rawValue: "no-dumps")
}

/// The dumps of sockmaps in a sosreport, unpacked or as a tar archive.
///
/// Source: sosreport/sos `sos/report/plugins/ebpf.py`: `bpftool map dump id N` of every map, `bpftool map list` and
/// `bpftool -j map list`, each in a store under `sos_commands/ebpf` that is named like the command with `_` for blanks.
public struct SosReport {
    /// One dump, and what the report's list says of its map.
    public struct Dump: Hashable, Sendable {
        public var path: String
        public var bytes: [UInt8]
        public var mapName: String?
    }

    /// The files of the plugin's folder, wherever they are.
    struct Files {
        /// The folder, as errors and sources name it.
        var place: String
        var names: [String]
        var read: (String) throws -> [UInt8]
    }

    public var dumps: [Dump]
    /// What is unknown or missing.
    public var notes: [String] = []

    /// - Parameter folder: the report's, its `sos_commands`, the plugin's own, or one with a single report inside.
    /// - Throws: if it cannot be read, or no dump of a sockmap is in it.
    public init(_ folder: String) throws(OperationError) {
        guard let ebpf = Self.ebpfFolder(folder) else {
            throw OperationError(
                .noDumps, "\(safeText(folder)) is a folder, and no sosreport: it has no sos_commands/ebpf")
        }
        let names: [String]
        do {
            names = try readDirectory(ebpf)
        } catch {
            throw OperationError(.unreadableFile, "cannot read \(safeText(ebpf)): \(error)", cause: error)
        }
        try self.init(Files(place: ebpf, names: names) { try readFile("\(ebpf)/\($0)") })
    }

    /// - Throws: if no dump of a sockmap is among them, or one cannot be read.
    init(_ source: Files) throws(OperationError) {
        var files: [UInt32: String] = [:]
        for name in source.names where name.hasPrefix(Self.dumpPrefix) {
            if let id = UInt32(name.dropFirst(Self.dumpPrefix.count)) { files[id] = name }
        }
        let listed = Self.listed(source)
        dumps = []
        func add(_ name: String, mapName: String? = nil) throws(OperationError) {
            let path = "\(source.place)/\(name)"
            do {
                dumps.append(Dump(path: path, bytes: try source.read(name), mapName: mapName))
            } catch {
                throw OperationError(.unreadableFile, "cannot read \(safeText(path)): \(error)", cause: error)
            }
        }
        if let listed {
            for map in listed {
                if let name = files[map.id] {
                    try add(name, mapName: map.name)
                } else {
                    notes.append("sockmap \(map.id) \(map.name ?? "") is listed and was not dumped")
                }
            }
        } else {
            notes.append("no list of maps: dumps in which no value can be shown are taken for sockmaps'")
            for (_, name) in files.sorted(by: { $0.key < $1.key }) where Self.looksLikeASockmap(try? source.read(name))
            {
                try add(name)
            }
        }
        if dumps.isEmpty {
            throw OperationError(
                .noDumps,
                "\(safeText(source.place)) has \(files.count) dumps of maps, of a sockmap none"
                    + (notes.isEmpty ? "" : " (\(safeText(notes.joined(separator: "; "))))"))
        }
    }

    private static let dumpPrefix = "bpftool_map_dump_id_"

    private static func ebpfFolder(_ folder: String) -> String? {
        let inside = directoryNames(folder)
        if inside.contains(where: { $0.hasPrefix("bpftool_") }) { return folder }
        for place in ["\(folder)/sos_commands/ebpf", "\(folder)/ebpf"] where !directoryNames(place).isEmpty {
            return place
        }
        let reports = inside.map { "\(folder)/\($0)/sos_commands/ebpf" }.filter { !directoryNames($0).isEmpty }
        return reports.count == 1 ? reports[0] : nil
    }

    private struct ListedMap {
        var id: UInt32
        var name: String?
    }

    /// The sockmaps that the report lists; `nil`: it has no list that can be read.
    private static func listed(_ source: Files) -> [ListedMap]? {
        guard source.names.contains("bpftool_map_list"), let bytes = try? source.read("bpftool_map_list") else {
            return nil
        }
        var maps: [ListedMap] = []
        var lines = 0
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            // `13: sockhash  name cilium_sock_ops  flags 0x0`; what else a map has is indented.
            let words = line.split(separator: " ")
            guard words.count >= 2, words[0].hasSuffix(":"), let id = UInt32(words[0].dropLast()) else { continue }
            lines += 1
            guard words[1] == "sockhash" || words[1] == "sockmap" else { continue }
            let name = words.firstIndex(of: "name").flatMap { $0 + 1 < words.count ? String(words[$0 + 1]) : nil }
            maps.append(ListedMap(id: id, name: name))
        }
        return lines == 0 ? nil : maps.sorted { $0.id < $1.id }
    }

    /// Of a sockmap bpftool shows an error for each value, or, with values of eight bytes, a cookie: those are not found.
    private static func looksLikeASockmap(_ bytes: [UInt8]?) -> Bool {
        guard let bytes else { return false }
        let text = String(decoding: bytes.prefix(4096), as: UTF8.self)
        return ["No space left on device", "Operation not supported", "<no entry>", "No such file or directory"]
            .contains { text.contains($0) }
    }
}

extension DecodedSource {
    /// Every sockmap of a sosreport (its folder, or a tar archive of it), or the one dump that a file is.
    public static func readAll(
        _ path: String, chosen: KeyLayout?, pod: (IPAddress) -> String?
    ) throws(OperationError) -> [DecodedSource] {
        if path != "-", inodeNumber(path) != nil, (try? readDirectory(path)) != nil {
            return read(try SosReport(path), chosen, pod)
        }
        switch try ReportArchive.read(path) {
        case .report(let report): return read(report, chosen, pod)
        case .file(let bytes): return [try decode(bytes, named: path == "-" ? "stdin" : path, chosen: chosen, pod: pod)]
        }
    }

    private static func read(
        _ report: SosReport, _ chosen: KeyLayout?, _ pod: (IPAddress) -> String?
    ) -> [DecodedSource] {
        var sources: [DecodedSource] = []
        for dump in report.dumps {
            // An empty one: bpftool was not run to its end.
            guard
                var source = try? decode(dump.bytes, named: dump.path, mapName: dump.mapName, chosen: chosen, pod: pod)
            else { continue }
            if let name = dump.mapName { source.notes.insert("map named \(safeText(name))", at: 0) }
            sources.append(source)
        }
        if let last = sources.indices.last { sources[last].notes += report.notes.map { safeText($0) } }
        return sources
    }
}
