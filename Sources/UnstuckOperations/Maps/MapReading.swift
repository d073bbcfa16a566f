import UnstuckKernel
import UnstuckModel

/// A map with its entries, read on its own: without the TCP tables of the node.
public struct MapContents: Sendable {
    /// Without its entries.
    public var map: Sockmap
    /// The entries, in the parts in which they were read.
    public var parts: [[SockmapEntry]]
    /// Which key layout it has, and each entry's state by it.
    public var decision: LayoutDecision
    /// Distinct handler sets, to which the entries' sockets refer by index.
    public var handlers: [Handlers]
}

/// The maps that are asked for, read one after the other; what cannot be read is reported and remembered.
public struct MapReading {
    /// Everything that was asked for was read, entry by entry.
    public private(set) var isComplete = true
    /// Programs that use the maps; `nil` where they cannot be listed.
    public private(set) var users: MapUsers?
    /// Maps that cannot be read entry by entry, and why: their keys can still be walked (``walk(_:root:)``).
    private var unreadable: [UInt32: MissingEvidence.Reason] = [:]
    private let report: (MapReadingProblem) -> Void

    /// - Parameter report: called at once with whatever cannot be read.
    public init(report: @escaping (MapReadingProblem) -> Void) { self.report = report }

    /// Calls `body` with every map that can be read entry by entry.
    ///
    /// - Throws: what `body` throws.
    public mutating func forEach(_ ids: [UInt32], root: NodeRoot, _ body: (MapContents) throws -> Void) throws {
        for refusal in root.refusals() { complain("read \(refusal.object)", refusal) }
        let pins = PinFinder(root: root).pins()
        let maps = try found(ids.isEmpty ? allIDs() : Set(ids).sorted()).map { map in
            var map = map
            map.pins = pins[map.id] ?? []
            return map
        }
        users = try? MapUsers(of: maps)
        let observer = SockmapObserver()
        for map in maps {
            var map = map
            map.keyType = users?.keyTypes[map.id]
            let contents: MapContents
            do {
                guard let open = try BPFTable.openSockmap(id: map.id) else { continue }
                let parts = try observer.parts(of: open)
                let decision = LayoutDecision(keySize: map.keySize, keyType: map.keyType, parts: parts)
                contents = MapContents(map: map, parts: parts, decision: decision, handlers: try observer.handlers())
            } catch let error as BPFError {
                unreadable[map.id] = MissingPrivilege.reason(behind: error)
                continue
            } catch {
                complain("read sockmap \(map.id)", error)
                continue
            }
            try body(contents)
        }
        for id in Set(ids).subtracting(maps.map(\.id)).sorted() {
            report(.unknownMap(id))
            isComplete = false
        }
    }

    /// Who uses maps that were only walked.
    public mutating func findUsers(of ids: [UInt32]) {
        users = try? MapUsers(of: ids.compactMap { (try? BPFTable.openSockmap(id: $0))??.description })
    }

    /// The maps that no program of ours may read, as far as walking tells.
    public mutating func walk(root: NodeRoot) -> WalkedSockmaps? {
        unreadable.isEmpty ? nil : walk(unreadable.keys.sorted(), root: root)
    }

    /// These maps, or all, as far as walking tells: never everything.
    public mutating func walk(_ ids: [UInt32], root: NodeRoot) -> WalkedSockmaps? {
        isComplete = false
        guard let walked = WalkedSockmaps(ids, root: root) else { return nil }
        for reason in Set(unreadable.values).sorted() { report(.iteratorUnusable(reason)) }
        for gap in walked.view.now.coverage.reasons where gap.evidence != .handlers {
            report(.missingEvidence(gap))
        }
        return walked
    }

    private mutating func allIDs() -> [UInt32] {
        do {
            return try BPFTable.mapIDs()
        } catch {
            complain("list BPF maps", error)
            return []
        }
    }

    private mutating func found(_ ids: [UInt32]) throws -> [Sockmap] {
        var maps: [Sockmap] = []
        for id in ids {
            do {
                if let open = try BPFTable.openSockmap(id: id) { maps.append(open.description) }
            } catch {
                complain("open BPF map \(id)", error)
            }
        }
        return maps
    }

    private mutating func complain(_ action: String, _ error: any Error) {
        report(.failed(action: action, cause: error))
        isComplete = false
    }
}
