import UnstuckModel

/// The sockmaps of one sample: how each one's keys are read, what each entry is, which programs redirect through it.
public struct SockmapIndex: Sendable {
    /// One decision a map, by id.
    public let layouts: [UInt32: LayoutDecision]
    /// Every entry with what it is, map after map.
    public let entries: [ClassifiedEntry]
    /// The same of maps whose keys were walked, where no iterator can be used: no socket behind these is known.
    public let walked: [ClassifiedKey]

    private let maps: [UInt32: ClassifiedMap]
    private let byClaim: HashIndex
    private let byKey: HashIndex
    private let redirects: [UInt32: Redirect]

    /// Where a msg program looks up the sockets that it redirects to.
    public struct Redirect: Sendable {
        public let program: BPFProgram
        public let maps: [ClassifiedMap]
    }

    /// A map, and how its keys were understood. Shared by all of its entries, which so need no copies.
    public final class ClassifiedMap: Sendable {
        public let map: Sockmap
        public let layout: LayoutDecision
        /// As ``LayoutDecision/namesConnections``.
        public let namesConnections: Bool
        fileprivate let places: Range<Int>

        fileprivate init(_ map: Sockmap, _ layout: LayoutDecision, places: Range<Int>) {
            self.map = map
            self.layout = layout
            self.places = places
            namesConnections = layout.namesConnections
        }
    }

    /// A map's entry with its state.
    public struct ClassifiedEntry: Sendable {
        fileprivate let home: ClassifiedMap
        fileprivate let position: Int
        public let claim: FourTuple?
        public let state: EntryState

        public var map: Sockmap { home.map }
        public var entry: SockmapEntry { home.map.entries[position] }
        /// As ``LayoutDecision/namesConnections``, of its map.
        var isOfConnections: Bool { home.namesConnections }

        public var reference: EntryReference {
            EntryReference(map: home.map.id, key: entry.key, socket: entry.socket.identity)
        }
    }

    init(_ sample: Snapshot, layout: (Sockmap) -> LayoutDecision) {
        var layouts: [UInt32: LayoutDecision] = [:]
        var maps: [UInt32: ClassifiedMap] = [:]
        var entries: [ClassifiedEntry] = []
        entries.reserveCapacity(sample.sockmaps.reduce(0) { $0 + $1.entries.count })
        for map in sample.sockmaps where map.walk == nil {
            let decision = layout(map)
            layouts[map.id] = decision
            let places = entries.count..<entries.count + map.entries.count
            let home = ClassifiedMap(map, decision, places: places)
            maps[map.id] = home
            for position in map.entries.indices {
                let (claim, state) = decision.classify(map.entries[position])
                entries.append(ClassifiedEntry(home: home, position: position, claim: claim, state: state))
            }
        }
        let keys = ClassifiedKey.classify(sample)
        for (map, decision) in keys.layouts { layouts[map] = decision }
        walked = keys.checked
        self.layouts = layouts
        self.entries = entries
        self.maps = maps
        byClaim = HashIndex(count: entries.count) { entries[$0].claim?.quickHash }
        byKey = HashIndex(count: entries.count) { entries[$0].entry.key.quickHash }
        redirects = Dictionary(
            sample.programs.map { program in
                (
                    program.id,
                    Redirect(
                        program: program,
                        maps: sample.sockmaps.compactMap { program.maps.contains($0.id) ? maps[$0.id] : nil })
                )
            }
        ) { first, _ in first }
    }

    /// The entries of one map.
    public func entries(of map: UInt32) -> ArraySlice<ClassifiedEntry> { entries[maps[map]?.places ?? 0..<0] }

    /// The entries of a map whose keys name `tuple`: one, or two where an accelerator wrote its keys in two ways, or
    /// more where its keys name one end only.
    public func entries(in map: UInt32, claiming tuple: FourTuple) -> [ClassifiedEntry] {
        guard let map = maps[map] else { return [] }
        return (map.layout.layout?.claims(naming: tuple) ?? []).flatMap { claim in
            byClaim.all(claim.quickHash) { map.places.contains($0) && entries[$0].claim == claim }
                .map { entries[$0] }
        }
    }

    /// Whether a map's keys were walked, so that nobody sees who sits behind them.
    func isWalked(_ map: UInt32) -> Bool { maps[map] == nil && layouts[map] != nil }

    /// Whether a socket is stored under a key.
    func holds(_ key: SockmapKey, in map: UInt32) -> Bool {
        let places = maps[map]?.places ?? 0..<0
        return byKey.first(key.quickHash) { places.contains($0) && entries[$0].entry.key == key } != nil
            || walked.contains { $0.map.id == map && $0.entry.key == key }
    }

    /// Whether a map's keys name connections and nothing else.
    public func namesConnections(_ map: UInt32) -> Bool { layouts[map]?.namesConnections ?? false }

    /// The states of a map's entries, walked ones included.
    public func states(in map: UInt32) -> [EntryState] {
        entries(of: map).map(\.state) + walked.filter { $0.map.id == map }.map(\.state)
    }

    /// Whether a map whose keys name connections has a socket under its own tuple.
    public func isFiled(_ socket: KernelSocket, in map: ClassifiedMap) -> Bool {
        byClaim.first(socket.tuple.quickHash) {
            map.places.contains($0) && entries[$0].entry.socket.identity.mayBe(socket.identity)
                && entries[$0].claim == socket.tuple
        } != nil
    }

    public func entry(_ reference: EntryReference) -> ClassifiedEntry? {
        guard let places = maps[reference.map]?.places else { return nil }
        return byKey.first(reference.key.quickHash) { position in
            places.contains(position) && entries[position].entry.key == reference.key
                && entries[position].entry.socket.identity == reference.socket
        }.map { entries[$0] }
    }

    /// What sits where `reference` says, in a walked map.
    public func walked(_ reference: EntryReference) -> WalkedEntry? {
        walked.first { $0.map.id == reference.map && $0.entry.key == reference.key }?.entry
    }

    /// Sockmaps that a socket's sends are looked up in: psock → msg program → the program's maps.
    public func redirect(of socket: KernelSocket) -> Redirect? {
        socket.psock?.msgProgram.flatMap { redirects[$0] }
    }
}

extension LayoutDecision {
    /// A map's keys name connections and nothing else, and its programs redirect, so that a connection that finds another
    /// socket under its key is proven to be misdirected.
    var namesConnections: Bool { layout?.naming == .connection && layout?.conflict != .neverRedirects }
}
