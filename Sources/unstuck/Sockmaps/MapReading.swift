import ArgumentParser
import UnstuckKernel
import UnstuckModel

/// A map with its entries judged: what the commands that read maps alone print.
struct MapContents: Sendable {
    /// Without its entries.
    var map: Sockmap
    /// The entries, in the parts in which they were read.
    var parts: [[SockmapEntry]]
    var decision: LayoutDecision
    var handlers: [Handlers]
}

/// How.
struct WalkOptions: ParsableArguments {
    @Flag(help: "Walk the maps' keys and ask INET_DIAG, as where BTF or a right is missing.")
    var withoutIterator = false
}

/// The maps that are asked for, read one after the other; what cannot be read is said and remembered.
struct MapReading {
    private(set) var isComplete = true
    /// Programs that use the maps; `nil` where they cannot be listed.
    private(set) var users: MapUsers?
    /// Maps that cannot be read entry by entry, and why: their keys can still be walked (``walk(_:root:)``).
    private var unreadable: [UInt32: String] = [:]

    /// Calls `body` with every map.
    mutating func forEach(_ ids: [UInt32], root: NodeRoot, _ body: (MapContents) throws -> Void) throws {
        for refusal in root.refusals() { complain("look at \(refusal.object)", refusal) }
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
            do {
                guard let open = try BPFTable.openSockmap(id: map.id) else { continue }
                let parts = try observer.parts(of: open)
                let decision = LayoutDecision(keySize: map.keySize, keyType: map.keyType, parts: parts)
                try body(MapContents(map: map, parts: parts, decision: decision, handlers: try observer.handlers()))
            } catch let error as BPFError {
                unreadable[map.id] = MissingPrivilege.missing(behind: error)
            } catch {
                complain("read sockmap \(map.id)", error)
            }
        }
        for id in Set(ids).subtracting(maps.map(\.id)).sorted() {
            printError("unstuck: \(NamedSockmap.Failure.unknown("\(id)"))")
            isComplete = false
        }
    }

    /// Who uses maps that were only walked.
    mutating func findUsers(of ids: [UInt32]) {
        users = try? MapUsers(of: ids.compactMap { (try? BPFTable.openSockmap(id: $0))??.description })
    }

    /// The maps that no program of ours may read, as far as walking tells.
    mutating func walk(root: NodeRoot) -> WalkedSockmaps? {
        unreadable.isEmpty ? nil : walk(unreadable.keys.sorted(), root: root)
    }

    /// These maps, or all, as far as walking tells: never everything.
    mutating func walk(_ ids: [UInt32], root: NodeRoot) -> WalkedSockmaps? {
        isComplete = false
        let walked = WalkedSockmaps(ids, root: root)
        walked?.printShortfalls(Set(unreadable.values))
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
        printError("unstuck: cannot \(action): \(words(error))")
        isComplete = false
    }
}

extension EntryState: ExpressibleByArgument {}
