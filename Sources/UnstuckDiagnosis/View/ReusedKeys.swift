import UnstuckModel

/// Live connections that may have been stored under a key just when it was deleted.
///
/// One thing no check can see: that someone replaced an entry between the check and the delete, so that the new socket was
/// deleted. A connection that the key names, is not in the map, and was not outside it before may be that new socket (or one
/// that the stale entry kept from being inserted): it is reported, never passed over.
///
/// What a key names is for its layout to say: less than a tuple in some, a shim for IPv6 in others.
public struct ReusedKeys: Sendable {
    /// As they were before: a map that was emptied shows its layout no more.
    private let layouts: [UInt32: KeyLayout]
    private let before: [Place: [SocketIdentity]]

    private struct Place: Hashable {
        var map: UInt32
        var claim: FourTuple
        init(_ deletion: Plan.Deletion) { (map, claim) = (deletion.entry.map, deletion.claim) }
    }

    /// - Parameter view: a look before the deletions.
    public init(to deletions: [Plan.Deletion], _ view: NodeView) {
        layouts = view.sockmaps.layouts.compactMapValues(\.layout)
        before = Self.outside(deletions, layouts, view)
    }

    /// Which of the deletions, by index, may have hit a new socket.
    ///
    /// - Parameter view: a look after them.
    public func hit(by deletions: [Plan.Deletion], _ view: NodeView) -> [Int] {
        let now = Self.outside(deletions, layouts, view)
        return deletions.indices.filter { index in
            let deletion = deletions[index]
            let known = before[Place(deletion)] ?? []
            guard now[Place(deletion)]?.contains(where: { one in !known.contains { $0.mayBe(one) } }) ?? false else {
                return false
            }
            // Where many connections share a key, and where sockets are not seen, anyone who sits there now is who the key
            // is for.
            let isByKey = layouts[deletion.entry.map]?.naming == .oneEnd || view.sockmaps.isWalked(deletion.entry.map)
            return !isByKey || !view.sockmaps.holds(deletion.entry.key, in: deletion.entry.map)
        }
    }

    /// The connections that keys name, and that are not in their map.
    private static func outside(
        _ deletions: [Plan.Deletion], _ layouts: [UInt32: KeyLayout], _ view: NodeView
    ) -> [Place: [SocketIdentity]] {
        var result: [Place: [SocketIdentity]] = [:]
        for (map, deletions) in Dictionary(grouping: deletions, by: \.entry.map) {
            let found = view.connected(claiming: Set(deletions.map(\.claim)), as: layouts[map])
            guard !found.isEmpty else { continue }
            let sockets = Sockets(view.sockmaps.entries(of: map).lazy.map(\.entry.socket.identity))
            for deletion in deletions {
                result[Place(deletion)] = (found[deletion.claim] ?? []).map(\.socket.identity).filter {
                    !$0.mayBe(deletion.entry.socket) && !sockets.contains($0)
                }
            }
        }
        return result
    }

    /// Who is in a map.
    private struct Sockets {
        private var byAddress: [UInt64: [SocketIdentity]] = [:]
        private var cookies = Set<UInt64>()

        init(_ identities: some Sequence<SocketIdentity>) {
            for identity in identities {
                byAddress[identity.address, default: []].append(identity)
                if identity.cookie != 0 { cookies.insert(identity.cookie) }
            }
        }

        func contains(_ identity: SocketIdentity) -> Bool {
            identity.address == 0
                ? cookies.contains(identity.cookie)
                : byAddress[identity.address]?.contains { $0.mayBe(identity) } ?? false
        }
    }
}
