import UnstuckModel

extension TCPSocket {
    /// Holds unread or unacknowledged bytes, in a state in which an application still waits for them.
    var holdsBytes: Bool {
        guard socket.tuple.isComplete else { return false }
        let isUnread = (unreadBytes ?? 0) > 0 || (redirectedBytes ?? 0) > 0
        switch socket.state {
        case .established: return isUnread || (unacknowledgedBytes ?? 0) > 0
        case .closeWait: return isUnread
        default: return false
        }
    }

    fileprivate func bytes(in queue: StuckConnection.Queue) -> UInt32 {
        switch queue {
        case .receive: unreadBytes ?? 0
        case .redirected: redirectedBytes ?? 0
        case .send: unacknowledgedBytes ?? 0
        }
    }
}

extension Connection {
    /// Where its bytes are: with the end that has not read, for the other one's wait for that; else with the sender.
    var place: StuckConnection.Place? {
        for queue in [StuckConnection.Queue.redirected, .receive, .send] {
            let holding = ends.filter { $0.holdsBytes && $0.bytes(in: queue) > 0 }
            guard let most = holding.max(by: { $0.bytes(in: queue) < $1.bytes(in: queue) }) else { continue }
            return StuckConnection.Place(side: side(of: most), queue: queue)
        }
        return nil
    }

    func bytes(at place: StuckConnection.Place) -> UInt64 {
        UInt64(ends.first { side(of: $0) == place.side }?.bytes(in: place.queue) ?? 0)
    }

    func isEstablished(at place: StuckConnection.Place) -> Bool {
        ends.first { side(of: $0) == place.side }?.socket.state == .established
    }

    /// Only a psock's queue says that it holds anything.
    fileprivate var isOnlyRedirected: Bool {
        ends.allSatisfy { $0.bytes(in: .receive) == 0 && $0.bytes(in: .send) == 0 }
    }
}

/// What the samples before the newest one say of a connection that holds bytes.
struct Standstill {
    enum Verdict: Equatable {
        case moves
        /// For at least so many seconds.
        case stands(Double)
        case unsettled(UnsettledConnection.Reason)
    }

    let verdict: Verdict

    init(of connection: Connection, _ place: StuckConnection.Place?, in view: NodeView) {
        guard !view.history.samples.isEmpty else {
            verdict = .unsettled(.oneSample)
            return
        }
        var since = view.now.monotonic
        var hasMoved = false
        for sample in view.history.samples.indices.reversed() {
            let progress = Progress.of(connection.ends.map { Self.progress(of: $0, since: sample, view) })
            if progress == .unknown {
                // A later sample may already have shown enough.
                if since == view.now.monotonic {
                    verdict = .unsettled(.notRead)
                    return
                }
                break
            }
            guard progress == .stood else {
                hasMoved = true
                break
            }
            since = view.history.samples[sample].monotonic
        }
        let seconds = view.now.monotonic - since
        if seconds >= Diagnosis.secondsBetweenSamples {
            verdict = place.flatMap { Self.isQueueProven(connection, $0, view) } ?? .stands(seconds)
        } else {
            verdict = hasMoved ? .moves : .unsettled(.tooShort)
        }
    }

    private static func progress(of end: TCPSocket, since sample: Int, _ view: NodeView) -> Progress {
        if let before = view.history.socket(end, in: sample) { return end.progress(since: before) }
        // It was not there: it is new, and came with a handshake. Or nobody saw it.
        return view.history.samples[sample].sawNamespace(end.socket.netns) ? .moved : .unknown
    }

    /// Of redirected bytes no counter is kept: the queue that stands now must be the one that stood, not one like it. Nobody
    /// reads a queue whose socket was not accepted.
    private static func isQueueProven(
        _ connection: Connection, _ place: StuckConnection.Place, _ view: NodeView
    ) -> Verdict? {
        guard connection.isOnlyRedirected,
            let end = connection.ends.first(where: { connection.side(of: $0) == place.side }),
            end.socket.hasSocket
        else { return nil }
        guard let watch = view.now.queueWatch else { return .unsettled(.redirected) }
        if watch.changed.contains(where: { changed in connection.ends.contains { $0.socket.identity.mayBe(changed) } })
        {
            return .moves
        }
        let isNamed = end.socket.psock?.oldestMessage != nil
        let isUnchanged =
            watch.readings >= StuckConnections.queueReadings
            && watch.unchanged.contains { end.socket.identity.mayBe($0) }
        return isNamed && isUnchanged ? nil : .unsettled(.redirected)
    }
}

extension Snapshot {
    /// A socket of that namespace would have been seen.
    fileprivate func sawNamespace(_ inode: UInt32) -> Bool {
        if let namespace = namespaces.first(where: { $0.inode == inode }), !namespace.wasRead { return false }
        guard coverage.isWhole(.namespaces) else { return false }
        return switch coverage.answer(.sockets, of: inode) {
        case .read: true
        case .partly, .notRead: false
        // A namespace that was not there yet, if others were read.
        case .notCollected: coverage.answer(.sockets) != .notCollected
        }
    }
}
