import UnstuckModel

/// Makes sure of the keys of walked maps that name no socket of the tables. The kernel's dump goes on from a place in a
/// bucket, and may leave a socket out when another of that bucket goes (`inet_diag_dump_icsk`): so these sockets are asked
/// for by name in every namespace, and the keys must still be there afterwards.
struct AbsenceCheck {
    let tables: SocketTables

    /// - Parameters:
    ///   - snapshot: with maps that were walked before and after its tables were read.
    ///   - walk: walks a map again; `nil` if it has gone.
    func run(on snapshot: inout Snapshot, _ walk: (Sockmap) throws -> SockmapWalk?) {
        var known = Set(snapshot.sockets.map(\.socket.identity.cookie))
        func add(_ sockets: [TCPSocket]) {
            snapshot.sockets += sockets.filter {
                $0.socket.state != .timeWait && known.insert($0.socket.identity.cookie).inserted
            }
        }
        do {
            for tuple in newest(in: snapshot) { try add(tables.sockets(of: tuple)) }
        } catch {
            snapshot.missingEvidence.append(MissingEvidence(.sockets, action: "ask for sockets by name", error: error))
        }
        let absent = unseen(in: snapshot)
        guard !absent.isEmpty else { return }
        // Nobody is missed in a namespace that nobody read.
        let gaps = tables.evidence.gaps
        guard gaps.isEmpty else {
            snapshot.missingEvidence += gaps.map(\.missingEvidence)
            return
        }
        do {
            for tuple in Set(absent.compactMap(\.tuple)) { try add(tables.sockets(of: tuple)) }
        } catch {
            snapshot.missingEvidence.append(MissingEvidence(.sockets, action: "ask for sockets by name", error: error))
        }
        // A key that names one end, or a cookie, cannot be asked for.
        if absent.contains(where: { $0.tuple == nil }) {
            let again = tables.read()
            snapshot.missingEvidence += again.missingEvidence.filter { !snapshot.missingEvidence.contains($0) }
            add(again.sockets)
        }
        for index in snapshot.sockmaps.indices where absent.contains(where: { $0.map == index }) {
            var there: [SockmapKey: WalkedEntry] = [:]
            do {
                for entry in try walk(snapshot.sockmaps[index])?.entries ?? [] { there[entry.key] = entry }
            } catch {
                snapshot.missingEvidence.append(
                    MissingEvidence(.sockmaps, action: "walk a sockmap again", error: error))
            }
            snapshot.sockmaps[index].walk?.keepStable { there[$0.key]?.cookie == $0.cookie && there[$0.key] != nil }
        }
    }

    /// Keys of one map that are asked for to find its layout.
    private static let sample = 256

    /// What the keys of maps whose layout is open would name, by each layout that may fit: where connections live shorter
    /// than it takes to read the tables, nobody else tells how the keys are read.
    private func newest(in snapshot: Snapshot) -> [FourTuple] {
        let seen = SeenSockets(snapshot)
        var result: [FourTuple] = []
        for map in snapshot.sockmaps {
            guard let walk = map.walk, !walk.entries.isEmpty, WalkedMap(map, seen: seen).decision.layout == nil else {
                continue
            }
            let keys = walk.entries.filter { !$0.isStable }.prefix(Self.sample)
            for layout in KeyLayout.declared where layout.size == map.keySize {
                result += keys.compactMap { layout.decode($0.key) }.filter(\.isComplete)
            }
        }
        return result
    }

    /// An entry that is called unseen so far: the map's index, and the tuple to ask for.
    private struct Absent {
        var map: Int
        var tuple: FourTuple?
    }

    private func unseen(in snapshot: Snapshot) -> [Absent] {
        let seen = SeenSockets(snapshot)
        var result: [Absent] = []
        for (index, map) in snapshot.sockmaps.enumerated() {
            guard let walk = map.walk else { continue }
            let evaluate = WalkedMap(map, seen: seen)
            for entry in walk.entries {
                let verdict = evaluate.classify(entry)
                guard verdict.state == .unseen else { continue }
                let layout = evaluate.decision.layout
                result.append(
                    Absent(
                        map: index,
                        tuple: verdict.claim.flatMap { SeenSockets.canBeAskedFor($0, layout) ? $0 : nil }))
            }
        }
        return result
    }
}
