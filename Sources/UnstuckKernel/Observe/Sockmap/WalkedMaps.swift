import UnstuckModel

/// The maps of a pass whose keys were walked, and what that way cannot know.
struct WalkedMaps {
    /// The reason where nothing is missing.
    static let chosen = MissingEvidence.Reason.needs("the iterators, which --without-iterator leaves out")

    private var maps: [MissingEvidence.Reason: [UInt32]] = [:]
    private var unfinished: [UInt32] = []

    mutating func add(_ map: UInt32, _ walk: SockmapWalk, _ reason: MissingEvidence.Reason) {
        maps[reason, default: []].append(map)
        if !walk.isComplete { unfinished.append(map) }
    }

    var missingEvidence: [MissingEvidence] {
        var result = maps.sorted { $0.key < $1.key }.map { reason, maps in
            MissingEvidence(
                .entrySockets,
                action:
                    "read the sockets behind the keys of \(Self.names(maps)): they were walked and compared with the socket "
                    + "tables, which do not show whether a stale entry is leaked or a zombie, whether a connection was inserted, "
                    + "or what is in a queue",
                reason)
        }
        if !unfinished.isEmpty {
            result.append(
                MissingEvidence(
                    .sockmaps,
                    action:
                        "walk \(Self.names(unfinished)) to the end",
                    .failed("keys were deleted under the walk again and again, and each time it started over")))
        }
        return result
    }

    private static func names(_ maps: [UInt32]) -> String {
        "sockmap\(maps.count == 1 ? "" : "s") \(maps.map(String.init).joined(separator: ", "))"
    }
}
