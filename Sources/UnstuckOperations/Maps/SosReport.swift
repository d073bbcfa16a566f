import UnstuckFormats
import UnstuckKernel
import UnstuckModel

extension OperationError.Code {
    /// A folder in which no dump of a sockmap was found.
    public static let noDumps = Self(rawValue: "no-dumps")
}

/// The dumps of sockmaps in an unpacked sosreport.
///
/// Source: sosreport/sos `sos/report/plugins/ebpf.py`: `bpftool map dump id N` of every map, `bpftool map list` and
/// `bpftool -j map list`, each in a store under `sos_commands/ebpf` that is named like the command with `_` for blanks.
public struct SosReport {
    /// One dump, and what the report's list says of its map.
    public struct Dump: Hashable, Sendable {
        public var path: String
        public var mapName: String?
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
        var files: [UInt32: String] = [:]
        for name in names where name.hasPrefix(Self.dumpPrefix) {
            if let id = UInt32(name.dropFirst(Self.dumpPrefix.count)) { files[id] = "\(ebpf)/\(name)" }
        }
        let listed = Self.listed(ebpf, names)
        dumps = []
        if let listed {
            for map in listed {
                if let path = files[map.id] {
                    dumps.append(Dump(path: path, mapName: map.name))
                } else {
                    notes.append("sockmap \(map.id) \(map.name ?? "") is listed and was not dumped")
                }
            }
        } else {
            notes.append("no list of maps: dumps in which no value can be shown are taken for sockmaps'")
            for (_, path) in files.sorted(by: { $0.key < $1.key }) where Self.looksLikeASockmap(path) {
                dumps.append(Dump(path: path))
            }
        }
        if dumps.isEmpty {
            throw OperationError(
                .noDumps,
                "\(safeText(ebpf)) has \(files.count) dumps of maps, of a sockmap none"
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
    private static func listed(_ ebpf: String, _ names: [String]) -> [ListedMap]? {
        guard names.contains("bpftool_map_list"), let bytes = try? readFile("\(ebpf)/bpftool_map_list") else {
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
    private static func looksLikeASockmap(_ path: String) -> Bool {
        guard let bytes = try? readFile(path) else { return false }
        let text = String(decoding: bytes.prefix(4096), as: UTF8.self)
        return ["No space left on device", "Operation not supported", "<no entry>", "No such file or directory"]
            .contains { text.contains($0) }
    }
}

extension DecodedSource {
    /// Every sockmap of a sosreport's folder, or the one dump that a file is.
    public static func readAll(
        _ path: String, chosen: KeyLayout?, pod: (IPAddress) -> String?
    ) throws(OperationError) -> [DecodedSource] {
        guard path != "-", inodeNumber(path) != nil, (try? readDirectory(path)) != nil else {
            return [try read(path, chosen: chosen, pod: pod)]
        }
        let report = try SosReport(path)
        var sources: [DecodedSource] = []
        for dump in report.dumps {
            var source: DecodedSource
            do {
                source = try read(dump.path, mapName: dump.mapName, chosen: chosen, pod: pod)
            } catch {
                if error.code == .emptyDump { continue }  // bpftool was not run to its end
                throw error
            }
            if let name = dump.mapName { source.notes.insert("map named \(safeText(name))", at: 0) }
            sources.append(source)
        }
        if let last = sources.indices.last { sources[last].notes += report.notes.map { safeText($0) } }
        return sources
    }
}
