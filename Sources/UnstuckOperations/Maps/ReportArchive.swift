import Glibc
import UnstuckFormats
import UnstuckKernel
import UnstuckModel

/// A file that may be a sosreport's tar archive, plain or packed with gzip.
enum ReportArchive {
    enum Content {
        case report(SosReport)
        /// What it holds, unpacked if it was gzip.
        case file([UInt8])
    }

    /// What else packs a file, by its first bytes: of these there is no reader here.
    private static let packers: [(name: String, magic: [UInt8])] = [
        ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]), ("bzip2", Array("BZh".utf8)), ("zstd", [0x28, 0xB5, 0x2F, 0xFD]),
    ]

    /// The plugin's folder within a report.
    private static let folder = "sos_commands/ebpf/"

    /// - Parameter path: "-" is stdin.
    static func read(_ path: String) throws(OperationError) -> Content {
        let name = path == "-" ? "stdin" : path
        let bytes: [UInt8]
        do {
            bytes =
                try path == "-"
                ? OwnedDescriptor(owning: STDIN_FILENO, named: "standard input").readAll(sizeHint: 1 << 16)
                : OwnedDescriptor(path: path).readAll(sizeHint: 1 << 16)
        } catch {
            throw OperationError(.unreadableFile, "cannot read \(safeText(path)): \(error)", cause: error)
        }
        if let packer = packers.first(where: { bytes.starts(with: $0.magic) }) {
            throw OperationError(
                .unreadableFile,
                "\(safeText(name)) is packed with \(packer.name), which is not read here: unpack it, and name the folder of "
                    + "the sosreport (tar -xf \(safeText(path == "-" ? "FILE" : path))) or the dump itself")
        }
        var content = Unpacked()
        do {
            if Gunzip.isPacked(bytes) {
                try Gunzip.pieces(of: bytes) { content.add($0) }
            } else {
                content.add(bytes[...])
            }
            return try content.end(name)
        } catch let failure as TarReader.Failure {
            throw OperationError(.unreadableFile, "\(safeText(name)) cannot be read: \(failure)", cause: failure)
        } catch let failure as Gunzip.Failure {
            throw OperationError(.unreadableFile, "\(safeText(name)) cannot be unpacked: \(failure)", cause: failure)
        } catch let error as OperationError {
            throw error
        } catch {
            throw OperationError(.unreadableFile, "cannot read \(safeText(name)): \(error)", cause: error)
        }
    }

    /// The bytes that a file holds: of an archive what is wanted alone.
    private struct Unpacked {
        private var first: [UInt8] = []
        private var tar: TarReader?
        private var failure: TarReader.Failure?

        mutating func add(_ piece: ArraySlice<UInt8>) {
            guard failure == nil else { return }
            guard tar == nil else { return feed(piece) }
            let wasShort = first.count < TarReader.headLength
            first += piece
            guard wasShort, TarReader.isOne(first) else { return }
            tar = TarReader { $0.contains(ReportArchive.folder) }
            feed(first[...])
            first = []
        }

        private mutating func feed(_ piece: ArraySlice<UInt8>) {
            do throws(TarReader.Failure) { try tar?.add(piece) } catch { failure = error }
        }

        func end(_ name: String) throws -> Content {
            guard let tar else { return .file(first) }
            if let failure { throw failure }
            try tar.end()
            return .report(try ReportArchive.report(tar.files, name))
        }
    }

    private static func report(_ files: [String: [UInt8]], _ name: String) throws(OperationError) -> SosReport {
        // Of one report: by what stands before the plugin's folder.
        let reports = Dictionary(grouping: files.keys) { path in
            path.firstRange(of: folder).map { String(path[..<$0.lowerBound]) } ?? path
        }
        guard let (root, paths) = reports.first, reports.count == 1 else {
            throw OperationError(
                .noDumps,
                "\(safeText(name)) is a tar archive with \(reports.isEmpty ? "no" : "\(reports.count)") sosreports: "
                    + (reports.isEmpty ? "it has no \(folder.dropLast())" : "unpack it, and name one's folder"))
        }
        let place = root + folder
        let names = paths.map { String($0.dropFirst(place.count)) }.filter { !$0.isEmpty && !$0.contains("/") }
        return try SosReport(
            SosReport.Files(place: "\(name):\(place.dropLast())", names: names.sorted()) { files[place + $0] ?? [] })
    }
}
