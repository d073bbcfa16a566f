import UnstuckKernel
import UnstuckModel
import UnstuckRender

extension OperationError.Code {
    /// A file cannot be opened or read; the cause is a `SystemError`.
    public static let unreadableFile = Self(rawValue: "unreadable-file")
    /// A file cannot be written; the cause is an `OutputFile.Failure`.
    public static let unwritableFile = Self(rawValue: "unwritable-file")
    /// gzip.
    public static let compressedFile = Self(rawValue: "compressed-file")
    /// Not what `unstuck collect` writes.
    public static let notABundle = Self(rawValue: "not-a-bundle")
    /// Its snapshots are of a version that this program does not know.
    public static let newerBundle = Self(rawValue: "newer-bundle")
    /// It holds what no node has.
    public static let flawedBundle = Self(rawValue: "flawed-bundle")
}

/// Saved snapshots: what `unstuck collect` writes and `diagnose --from` reads.
public enum BundleFile {
    /// The snapshots of several bundles, oldest first, in whatever order they were named.
    public static func snapshots(in paths: [String]) throws(OperationError) -> [Snapshot] {
        var found: [Snapshot] = []
        for path in paths { found += try read(path) }
        return Snapshot.inOrder(found)
    }

    /// The snapshots of one bundle, in its order.
    public static func read(_ path: String) throws(OperationError) -> [Snapshot] {
        let bytes: [UInt8]
        do {
            bytes = try readFile(path)
        } catch {
            throw OperationError(.unreadableFile, "cannot read \(path): \(error.reason)", cause: error)
        }
        return try snapshots(from: bytes, named: path)
    }

    /// The snapshots of a bundle's bytes. Anybody may have written them.
    ///
    /// - Parameter path: what errors call it.
    public static func snapshots(from bytes: [UInt8], named path: String) throws(OperationError) -> [Snapshot] {
        if bytes.starts(with: [0x1F, 0x8B]) {
            throw OperationError(.compressedFile, "\(path) is compressed: gunzip it first")
        }
        let bundle: Bundle
        do {
            bundle = try JSON.decode(Bundle.self, from: bytes)
        } catch {
            throw OperationError(.notABundle, "\(path) is not a bundle of `unstuck collect`", cause: error)
        }
        guard bundle.snapshots.allSatisfy({ $0.version <= Snapshot.currentVersion }) else {
            throw OperationError(
                .newerBundle, "\(path) was saved by a newer version (\(bundle.unstuck)); this is \(unstuckVersion)")
        }
        if let flaw = bundle.flaw { throw OperationError(.flawedBundle, "\(path) cannot be evaluated: \(flaw)") }
        return bundle.snapshots
    }

    /// A bundle as it is saved.
    ///
    /// - Throws: `EncodingError`, for a number that JSON cannot hold.
    public static func text(_ snapshots: [Snapshot]) throws -> String {
        try JSON.text(Bundle(unstuck: unstuckVersion, snapshots: snapshots))
    }

    /// A regular file is replaced in one step; devices, pipes and links stay what they are (`OutputFile`).
    public static func write(_ text: String, to path: String) throws(OperationError) {
        do {
            try OutputFile.write(text, to: path)
        } catch {
            throw OperationError(.unwritableFile, "\(error)", cause: error)
        }
    }
}
