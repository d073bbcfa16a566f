import UnstuckModel

/// A bundle as it is saved: what it is and its version stand before its contents, and are read before them.
///
///     {"kind": "unstuck.bundle", "version": 2, "unstuck": "0.2.0", "snapshots": [{…}, {…}]}
///
/// Version 1 had neither: each of its snapshots has its version. It is read through ``SnapshotVersion1``.
public struct SavedBundle: Decodable, Sendable {
    public static let kind = "unstuck.bundle"

    public var bundle: Bundle

    public enum CodingKeys: String, CodingKey { case kind, version, unstuck, snapshots }

    /// It is no bundle, or none that this program reads. The words stand behind the file's name.
    public enum Failure: Error, Hashable, CustomStringConvertible {
        case notABundle(kind: String?)
        /// Of a version that is not read here, saved by that program.
        case version(Int, by: String)
        /// One of the snapshots, counted from 1, is of another version than the bundle.
        case mixed(snapshot: Int, version: Int, bundle: Int)

        public var description: String {
            switch self {
            case .notABundle(let kind?): "is a \(safeText(kind)), not a bundle of `unstuck collect`"
            case .notABundle(nil): "is not a bundle of `unstuck collect`"
            case .version(let version, let program):
                "is a bundle of version \(version), saved by unstuck \(safeText(program)); unstuck \(unstuckVersion) reads "
                    + "versions 1 and \(Snapshot.currentVersion): "
                    + (version > Snapshot.currentVersion
                        ? "update unstuck, or collect again with \(unstuckVersion)" : "collect again")
            case .mixed(let snapshot, let version, let bundle):
                "holds snapshots of more than one version: snapshot \(snapshot) is of version \(version), the bundle of "
                    + "version \(bundle)"
            }
        }
    }

    /// What is read before the contents.
    private struct SnapshotHeader: Decodable { var version: Int }

    public init(from decoder: any Decoder) throws {
        guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
            throw Failure.notABundle(kind: nil)
        }
        // One that cannot be read is none that is missing.
        let kind = try container.decodeIfPresent(String.self, forKey: .kind)
        guard kind == nil || kind == Self.kind, container.contains(.snapshots) else {
            throw Failure.notABundle(kind: kind)
        }
        let program = try container.decodeIfPresent(String.self, forKey: .unstuck) ?? "?"
        let headers = try container.decode([SnapshotHeader].self, forKey: .snapshots)
        let version = try container.decodeIfPresent(Int.self, forKey: .version) ?? headers.first?.version ?? 1
        guard (1...Snapshot.currentVersion).contains(version) else { throw Failure.version(version, by: program) }
        for (number, header) in headers.enumerated() where header.version != version {
            throw Failure.mixed(snapshot: number + 1, version: header.version, bundle: version)
        }
        bundle = Bundle(
            unstuck: program,
            snapshots: version == 1
                ? try container.decode([SnapshotVersion1].self, forKey: .snapshots).map(\.snapshot)
                : try container.decode([Snapshot].self, forKey: .snapshots))
    }
}
