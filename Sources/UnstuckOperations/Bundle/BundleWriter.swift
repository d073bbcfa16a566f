import UnstuckFormats
import UnstuckKernel
import UnstuckModel
import UnstuckRender

/// Writes a bundle piece by piece: sockets and entries are by far the most of it, and are never one text in memory.
struct BundleWriter {
    /// Sockets, or entries, of one piece.
    private static let batch = 1024
    /// Stands in a snapshot that has neither, once: names inside of texts have their quotation marks escaped.
    private static let place = Array("\"sockets\":[],\"sockmaps\":[]".utf8)
    private static let entries = Array("\"entries\":[]".utf8)

    /// Gets each piece.
    let sink: (RawSpan) throws -> Void

    func write(_ snapshots: [Snapshot]) throws {
        try put("{\"kind\":\"\(SavedBundle.kind)\",\"version\":\(Snapshot.currentVersion),")
        try put("\"unstuck\":\"\(unstuckVersion)\",\"snapshots\":[")
        for (number, snapshot) in snapshots.enumerated() {
            try put(number == 0 ? "\n" : ",\n")
            try write(snapshot)
        }
        try put("]}\n")
    }

    private func write(_ snapshot: Snapshot) throws {
        var rest = snapshot
        (rest.sockets, rest.sockmaps) = ([], [])
        try write(rest, with: Self.place) {
            try put("\"sockets\":")
            try write(snapshot.sockets)
            try put(",\"sockmaps\":[")
            for (number, map) in snapshot.sockmaps.enumerated() {
                if number > 0 { try put(",") }
                try write(map)
            }
            try put("]")
        }
    }

    private func write(_ map: Sockmap) throws {
        var rest = map
        rest.entries = []
        try write(rest, with: Self.entries) {
            try put("\"entries\":")
            try write(map.entries)
        }
    }

    /// A value whose JSON has a place for what was left out.
    private func write(_ value: some Encodable, with place: [UInt8], _ left: () throws -> Void) throws {
        let text = try JSON.bytes(value)
        guard let found = text.firstRange(of: place) else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: [], debugDescription: "no place for \(String(decoding: place, as: UTF8.self))")
            )
        }
        try put(text[..<found.lowerBound])
        try left()
        try put(text[found.upperBound...])
    }

    /// A list, in batches.
    private func write(_ list: [some Encodable]) throws {
        try put("[")
        for start in stride(from: 0, to: list.count, by: Self.batch) {
            if start > 0 { try put(",") }
            let text = try JSON.bytes(Array(list[start..<min(list.count, start + Self.batch)]))
            try put(text.dropFirst().dropLast())
        }
        try put("]")
    }

    private func put(_ text: String) throws { try put(Array(text.utf8)[...]) }

    private func put(_ bytes: ArraySlice<UInt8>) throws { try unsafe sink(bytes.span.bytes) }
}

extension BundleFile {
    /// A bundle as it is saved, whole.
    ///
    /// - Throws: `EncodingError`, for a number that JSON cannot hold.
    public static func text(_ snapshots: [Snapshot]) throws -> String {
        var bytes: [UInt8] = []
        try write(snapshots, packed: false) { piece in unsafe piece.withUnsafeBytes { unsafe bytes += $0 } }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Gives a bundle to `sink`, piece by piece.
    ///
    /// - Parameter packed: by gzip, while it is written.
    public static func write(
        _ snapshots: [Snapshot], packed: Bool, to sink: (RawSpan) throws -> Void
    ) throws {
        try withoutActuallyEscaping(sink) { sink in
            guard packed else { return try BundleWriter(sink: sink).write(snapshots) }
            guard var stream = GzipStream() else { throw GzipStream.Failure() }
            try BundleWriter { try stream.write($0, to: sink) }.write(snapshots)
            try stream.finish(to: sink)
        }
    }

    /// A regular file is replaced in one step; devices, pipes and links stay what they are (`OutputFile`).
    public static func write(_ snapshots: [Snapshot], packed: Bool, toFile path: String) throws {
        do {
            try OutputFile.write(to: path) { sink in try write(snapshots, packed: packed, to: sink) }
        } catch let failure as OutputFile.Failure {
            throw OperationError(.unwritableFile, "\(failure)", cause: failure)
        }
    }
}
