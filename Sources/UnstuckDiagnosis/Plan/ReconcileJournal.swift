import UnstuckModel

/// Steps that an earlier run left without a result, held against a look -> what became of each.
///
/// The journal only says what to report: nothing is ever deleted because of it. What is still to do is in today's plan,
/// by today's evidence.
///
/// - Parameter maps: the maps that were looked at; empty: all of them.
public func reconcileJournal(_ steps: [UnfinishedSteps.Step], _ view: NodeView, lookedAt maps: Set<UInt32> = [])
    -> [ResumedStep]
{
    guard !steps.isEmpty else { return [] }
    let wanted = Set(steps.compactMap(\.line.map))
    var sockets: [Place: KernelSocket] = [:]
    for entry in view.sockmaps.entries where wanted.contains(entry.map.id) {
        sockets[Place(map: entry.map.id, key: entry.entry.key)] = entry.entry.socket
    }
    return steps.map { step in
        guard step.boot == view.now.boot else {
            return ResumedStep(step.line, .otherBoot, "not compared: it was intended in another boot, or does not say")
        }
        switch step.line.step {
        case .delete: return reconcileDeletion(step.line, sockets, view, maps)
        case .reset: return reconcileReset(step.line, view)
        case .run: return ResumedStep(step.line, .unknown, "its line names no step")
        }
    }
}

private struct Place: Hashable {
    var map: UInt32
    var key: SockmapKey
}

private func reconcileDeletion(
    _ line: JournalLine, _ sockets: [Place: KernelSocket], _ view: NodeView, _ maps: Set<UInt32>
) -> ResumedStep {
    guard let map = line.map, let key = line.key else {
        return ResumedStep(line, .unknown, "its line names no entry")
    }
    guard maps.isEmpty || maps.contains(map) else {
        return ResumedStep(line, .unknown, "its sockmap was not read (--map)")
    }
    if view.sockmaps.walked(EntryReference(map: map, key: key, socket: SocketIdentity(address: 0))) != nil {
        return ResumedStep(line, .unknown, "its key is there, and who sits there cannot be seen without the iterator")
    }
    guard let socket = sockets[Place(map: map, key: key)] else {
        // What could not be read is not gone.
        guard view.now.coverage.isWhole(.sockmaps) else {
            return ResumedStep(line, .unknown, "not every sockmap could be read")
        }
        return ResumedStep(line, .done, "its entry is gone")
    }
    guard line.mayMean(socket) else { return ResumedStep(line, .changed, "another socket sits there now") }
    guard socket.liveness.isDead else { return ResumedStep(line, .changed, "its socket lives again") }
    return ResumedStep(line, .undone, "the same dead socket still sits there")
}

private func reconcileReset(_ line: JournalLine, _ view: NodeView) -> ResumedStep {
    guard let connection = line.claim else { return ResumedStep(line, .unknown, "its line names no connection") }
    let sockets = view.connected(connection).map(\.socket)
    if sockets.contains(where: { line.mayMean($0) }) {
        return ResumedStep(line, .undone, "its sender's socket still lives")
    }
    if !sockets.isEmpty { return ResumedStep(line, .changed, "another connection has its addresses and ports now") }
    guard view.now.coverage.isWhole(.sockets, .namespaces) else {
        return ResumedStep(line, .unknown, "not every socket could be read")
    }
    return ResumedStep(line, .done, "the connection is gone")
}

extension JournalLine {
    /// Whether a socket is the one of this line: by its cookie, or its inode; one of which neither is known (5.10, nobody
    /// holds it) cannot be distinguished from another in the same place.
    fileprivate func mayMean(_ socket: KernelSocket) -> Bool {
        if let cookie, cookie != 0, socket.identity.cookie != 0 { return cookie == socket.identity.cookie }
        if let inode, inode != 0 { return inode == socket.inode }
        return true
    }
}
